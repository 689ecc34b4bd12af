import {addressOf} from "./address.js";
import {verdictOfClose} from "./verdict.js";

const PING = JSON.stringify({type: "ping"});

/**
 * Open feeds as a WebSocket. It counts as ready when it has answered an application ping:
 * some proxies accept the upgrade and then carry nothing, or one way only.
 *
 * @param {import("./address.js").Server} server
 * @returns {(opening: import("./types.js").Opening, sink: import("./types.js").Sink)
 *   => import("./types.js").Connection}
 */
export const wsOver = (server) => (opening, sink) => {
  /** @type {WebSocket | null} */
  let socket = null;
  let closed = false;
  let pings;
  const close = () => {
    closed = true;
    clearInterval(pings);
    socket?.close();
  };
  const end = (verdict) => {
    if (!closed) sink.closed(verdict);
    close();
  };
  const ping = () => socket?.readyState === WebSocket.OPEN && socket.send(PING);
  wsAddress(server, opening)
    .then((url) => {
      if (closed) return;
      socket = new WebSocket(url, "fasttrack.batch");
      socket.onmessage = ({data}) => {
        for (const message of [JSON.parse(data)].flat()) if (!closed) receive(message, ping, sink);
      };
      socket.onclose = ({code}) => end(verdictOfClose(code));
      if (opening.keepaliveMs) pings = setInterval(ping, opening.keepaliveMs);
    })
    .catch(() => end(null));
  return {close};
};

const wsAddress = (server, {feeds, cursor}) =>
  addressOf(server, "ws", feeds, {last_event_id: cursor, replay: cursor ? null : "none"});

function receive(message, ping, sink) {
  if (message.type === "hello") ping();
  if (message.type === "pong") sink.ready();
  sink.message(message);
}
