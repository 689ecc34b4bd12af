/**
 * An event stream over fetch, for runtimes without EventSource (Node 20 and 22, some workers) and for
 * requests that need headers. It reads one stream; reconnecting is left to the link.
 * Source: WHATWG HTML §9.2.6.
 */
export class FetchSource {
  #abort = new AbortController();
  /** @type {((event: {data: string}) => void) | null} */
  onmessage = null;
  /** @type {(() => void) | null} Called once, when the stream ends or is refused. */
  onerror = null;

  /**
   * @param {string} url
   * @param {Record<string, string>} [headers]
   */
  constructor(url, headers = {}) {
    this.#read(url, headers)
      .catch(() => {})
      .finally(() => this.#abort.signal.aborted || this.onerror?.());
  }

  close() {
    this.#abort.abort();
  }

  async #read(url, headers) {
    const accept = {Accept: "text/event-stream", ...headers};
    const answer = await fetch(url, {headers: accept, cache: "no-store", signal: this.#abort.signal});
    const isStream = (answer.headers.get("Content-Type") ?? "").startsWith("text/event-stream");
    if (answer.status !== 200 || !isStream || !answer.body) return void (await answer.body?.cancel());
    const events = new EventParser((data) => this.#abort.signal.aborted || this.onmessage?.({data}));
    const decoder = new TextDecoder();
    const reader = answer.body.getReader();
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      events.feed(decoder.decode(value, {stream: true}));
    }
  }
}

/** Lines to events: only `data`, since the feed carries its ids inside its messages. */
export class EventParser {
  #rest = "";
  /** @type {string[]} */
  #data = [];
  #dispatch;

  /** @param {(data: string) => void} dispatch */
  constructor(dispatch) {
    this.#dispatch = dispatch;
  }

  /** @param {string} text */
  feed(text) {
    const whole = this.#rest + text;
    // A CR at the end may be half of a CRLF.
    const lines = whole.split(/\r\n|\r(?!$)|\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1);
    if (field === "data") this.#data.push(value.startsWith(" ") ? value.slice(1) : value);
  }

  #end() {
    const data = this.#data;
    this.#data = [];
    if (data.length) this.#dispatch(data.join("\n"));
  }
}
