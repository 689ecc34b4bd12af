import {addressOf, headersOf} from "./address.js";
import {FetchSource} from "./fetch-source.js";

/**
 * Open feeds as Server-Sent Events. Reconnecting is left to the link, which knows about the
 * other transports; EventSource's own would try for ever where SSE cannot work.
 *
 * @param {import("./address.js").Server} server
 * @returns {(opening: import("./types.js").Opening, sink: import("./types.js").Sink)
 *   => import("./types.js").Connection}
 */
export const sseOver = (server) => (opening, sink) => {
  /** @type {EventSource | FetchSource | null} */
  let source = null;
  let closed = false;
  const end = () => {
    if (!closed) sink.closed(null);
    close();
  };
  const close = () => {
    closed = true;
    source?.close();
  };
  Promise.all([sseAddress(server, opening), headersOf(server)])
    .then(([url, headers]) => {
      if (closed) return;
      const needsFetch = server.token || !("EventSource" in globalThis);
      source = needsFetch ? new FetchSource(url, headers) : new EventSource(url);
      source.onmessage = ({data}) => !closed && receive(JSON.parse(data), sink);
      source.onerror = end;
    })
    .catch(end);
  return {close};
};

const sseAddress = (server, {feeds, cursor}) =>
  addressOf(server, "sse", feeds, {last_event_id: cursor, replay: cursor ? null : "none"});

function receive(message, sink) {
  if (message.type === "hello") sink.ready();
  sink.message(message);
}
