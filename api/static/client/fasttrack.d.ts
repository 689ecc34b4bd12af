import type {Bye, DashboardState, Heartbeat, Hello, Message as AnyMessage, PresenceState} from "./messages.js";

export * from "./messages.js";

export type Transport = "sse" | "ws" | "poll";

/** The latest value of a state feed. */
export type StateMessage = DashboardState | PresenceState;

/** What `onMessage` gets: durable messages, each with its id. */
export type FeedMessage = Exclude<AnyMessage, StateMessage | Hello | Heartbeat | Bye>;

export interface Status {
  /**
   * `checking`: something failed, and a short poll finds out whether the network is alive.
   * `unauthorised` (401), `forbidden` (403), `unknown` (404) and `refused` (400) wait for `retry()`.
   */
  state:
    | "connecting"
    | "checking"
    | "live"
    | "waiting"
    | "finished"
    | "unauthorised"
    | "forbidden"
    | "unknown"
    | "refused"
    | "closed";
  /** In use, or being tried. */
  transport: Transport;
  /**
   * Why it is not the first choice, or why it waits: `no_hello`, `refused`, `broken_young`, `silent`, `drain`, `limit`,
   * `no_ticket`, `no_token`, `too_many_feeds`, …
   */
  reason: string | null;
  /** What went wrong, in words: those of the server (`refused`), or of the error that `ticket` or `token` threw. */
  error: string | null;
  /** Milliseconds until the next try, while `waiting`. */
  retryMs: number | null;
  /** Whether this tab holds the stream that it shares with others. */
  leader: boolean;
}

export interface Options {
  /** Durable messages, each once and in order. */
  onMessage?: (message: FeedMessage) => void;
  /** The latest value of `dashboard` or `presenca`. */
  onState?: (state: StateMessage) => void;
  onStatus?: (status: Status) => void;
  /** Messages were missed that are no longer kept, or the server's store is another one: fetch the present state by REST. */
  onReset?: (reason: string) => void;
  /** Go on after this message: the `id` of the last one that an earlier run handled. It precedes what `remember` kept. */
  cursor?: string | null;
  /**
   * Go on after the last message when the tab reloads (default): so does the first call for these feeds after the load;
   * later ones begin anew. Does nothing without `sessionStorage`, as in Node.
   */
  remember?: boolean;
  /** The server, as `https://events.example`; needed outside of its own pages. */
  base?: string;
  /** Draws a ticket at a server of another origin: `POST /api/v1/tickets`. */
  ticket?: () => Promise<string>;
  /**
   * A personal token, for programs that are no page; nothing, where the server wants none. It is sent as a header
   * and never stands in a URL.
   */
  token?: () => string | null | undefined | Promise<string | null | undefined>;
  /**
   * Who reads, as the name of the person that `ticket` or `token` is for. Calls with the same identity share one stream,
   * in all tabs; without it, those of one page that give the same functions.
   */
  identity?: string | null;
}

export interface Feed {
  close(): void;
  /** After a sign-in, or to try at once. */
  retry(): void;
  readonly status: Status;
  readonly cursor: string | null;
}

/** Read feeds, at most 32 for all calls that share a stream. Throws a TypeError if no feed or no server is named. */
export function connect(feeds: string | string[], options?: Options): Feed;
