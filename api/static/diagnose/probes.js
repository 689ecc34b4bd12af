import {PREFIX} from "/static/page/server.js";

/**
 * Try one transport each, and measure what the network does to it. All look at `presenca`, which
 * everyone who is signed in may read, and which is silent but for heartbeats.
 *
 * @typedef {object} Finding
 * @property {number | null} status HTTP status, or close code of a WebSocket; null when there was none.
 * @property {number | null} helloMs Until `hello` was here; null when it never came.
 * @property {number | null} cutMs When something ended the connection; null when it lasted.
 * @property {string | null} encoding Content-Encoding: something compressed the stream.
 * @property {number | null} pongMs Answer to a ping (WebSocket).
 * @property {string | null} server The headers Via and Server: who answered.
 */

const FEED = "presenca";

/** As the client does where silent connections are cut. */
const PING_MS = 2000;
const PING = JSON.stringify({type: "ping"});

const nothing = () => ({
  status: null,
  helloMs: null,
  cutMs: null,
  encoding: null,
  pongMs: null,
  server: null,
});

const facesOf = (headers) => [headers.get("Via"), headers.get("Server")].filter(Boolean).join(", ") || null;

/** @param {number} watchMs @returns {Promise<Finding>} */
export async function probeSse(watchMs) {
  const finding = nothing();
  const began = performance.now();
  const end = AbortSignal.timeout(watchMs);
  try {
    const answer = await fetch(`${PREFIX}/sse/${FEED}`, {cache: "no-store", signal: end});
    Object.assign(finding, {
      status: answer.status,
      encoding: answer.headers.get("Content-Encoding"),
      server: facesOf(answer.headers),
    });
    await readStream(answer.body.getReader(), () => (finding.helloMs ??= performance.now() - began));
    finding.cutMs = performance.now() - began;
  } catch {
    if (!end.aborted) finding.cutMs = performance.now() - began;
  }
  return finding;
}

async function readStream(reader, onHello) {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    text += decoder.decode(value, {stream: true});
    if (text.includes('"hello"')) onHello();
    text = text.slice(-200);
  }
}

/** @param {number} watchMs @returns {Promise<Finding>} */
export function probeWs(watchMs) {
  const finding = nothing();
  const began = performance.now();
  const since = () => performance.now() - began;
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}${PREFIX}/ws/${FEED}`);
  return new Promise((resolve) => {
    const end = (seen) => {
      clearTimeout(timer);
      clearInterval(pings);
      // Closing it ourselves is no finding.
      socket.onclose = null;
      socket.close();
      resolve(Object.assign(finding, seen));
    };
    const timer = setTimeout(() => end({}), watchMs);
    const pings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send(PING), PING_MS);
    socket.onmessage = ({data}) => measure(JSON.parse(data).type, finding, since, socket);
    socket.onclose = ({code}) => end({status: code, cutMs: since()});
  });
}

function measure(type, finding, since, socket) {
  if (type === "hello") {
    finding.helloMs = since();
    socket.send(PING);
  }
  if (type === "pong" && finding.helloMs !== null) finding.pongMs ??= since() - finding.helloMs;
}

/** Ask once at once, then once with a wait. @param {number} waitSeconds @returns {Promise<Finding>} */
export async function probePoll(waitSeconds) {
  const finding = nothing();
  const began = performance.now();
  try {
    const first = await fetch(`${PREFIX}/poll/${FEED}?wait=0`, {cache: "no-store"});
    Object.assign(finding, {
      status: first.status,
      server: facesOf(first.headers),
      encoding: first.headers.get("Content-Encoding"),
    });
    const {cursor} = await first.json();
    finding.helloMs = performance.now() - began;
    const asked = performance.now();
    const second = await fetch(
      `${PREFIX}/poll/${FEED}?wait=${waitSeconds}&last_event_id=${encodeURIComponent(cursor)}`,
      {cache: "no-store"},
    ).catch(() => null);
    if (!second?.ok) finding.cutMs = performance.now() - asked;
  } catch {
    finding.cutMs = performance.now() - began;
  }
  return finding;
}
