/**
 * The values that the client's modules share. Types only: nothing here runs.
 *
 * @typedef {"sse" | "ws" | "poll"} Transport
 *
 * @typedef {string | null | undefined} Token A personal token; nothing, where the server wants none.
 *
 * @typedef {Record<string, any> & {type: string, id?: string, feed?: string}} Message
 *   One message of the feed, parsed; its members are those of the feed's protocol.
 *
 * @typedef {"connecting" | "checking" | "live" | "waiting" | "finished" | "unauthorised"
 *   | "forbidden" | "unknown" | "refused" | "closed"} State
 *   `checking`: something failed, and a short poll finds out whether the network is alive.
 *   `unauthorised` (401), `forbidden` (403), `unknown` (404) and `refused` (400) wait for `retry()`.
 *
 * @typedef {object} Status
 * @property {State} state
 * @property {Transport} transport In use, or being tried.
 * @property {string | null} reason Why it is not the first choice, or why it waits: `no_hello`,
 *   `no_pong`, `refused`, `broken_young`, `silent`, `remembered`, `unreachable`, `drain`, `limit`,
 *   `no_ticket`, `no_token`, `too_many_feeds`, ….
 * @property {string | null} error What went wrong, in words: those of the server (`refused`), or of the error
 *   that `ticket()` or `token()` threw.
 * @property {number | null} retryMs Until the next try, while `waiting`.
 * @property {boolean} leader Whether this tab holds the browser's one stream.
 *
 * @typedef {Omit<Status, "leader">} LinkStatus
 *
 * @typedef {"reachable" | "unreachable" | "unauthorised" | "forbidden" | "unknown" | "refused"
 *   | "finished" | "busy"} Verdict
 *   What a status code or a close code says about the server.
 *
 * @typedef {object} Finding What a question found out.
 * @property {Verdict} verdict
 * @property {string | null} [reason] Why it got no answer, if the network is not to blame.
 * @property {string | null} [error] What went wrong, in words.
 *
 * @typedef {object} Answer
 * @property {string | null} cursor
 * @property {Message[]} messages
 * @property {number | null} [retryMs] The wait that a refusal asked for.
 *
 * @typedef {Finding & Answer} PollAnswer
 *
 * @typedef {object} Opening What a transport is asked to open.
 * @property {string[]} feeds
 * @property {string | null} cursor Last message seen; null for a fresh start.
 * @property {number} keepaliveMs Between application pings (WebSocket), 0 for none.
 *
 * @typedef {object} Sink Where a transport reports. `closed` comes at most once, and last.
 * @property {() => void} ready The transport has proved that it carries data, both ways if it has two.
 * @property {(message: Message) => void} message
 * @property {(cursor: string) => void} cursor Where a poll's answer ends.
 * @property {(verdict: Verdict | null, retryMs?: number | null) => void} closed With a verdict where the
 *   refusal said why, and with the wait it asked for.
 *
 * @typedef {{close: () => void}} Connection
 *
 * @typedef {object} Clock
 * @property {() => number} now Milliseconds.
 * @property {(run: () => void, ms: number) => any} after
 * @property {(timer: any) => void} cancel
 * @property {() => number} random 0 to 1.
 */

export {};
