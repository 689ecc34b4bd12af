import {PREFIX} from "./server.js";

/** The HTTP API as the page calls it. Answers are parsed JSON; refusals are thrown as `Fault`. */

const BASE = `${PREFIX}/api/v1`;
const SESSION = "/session";

/** A call that was refused, or got no answer (status 0). */
export class Fault extends Error {
  /** @param {number} status @param {any} [problem] The body, RFC 9457. */
  constructor(status, problem = {}) {
    super(problem.detail ?? String(status));
    this.status = status;
    this.detail = problem.detail;
    /** Which kind of refusal, as `not-found`; empty where a proxy answered with a page of its own. */
    this.kind = /^\/problems\/(.+)$/.exec(problem.type ?? "")?.[1] ?? "";
    /** Which rule, and what it speaks of: as the page words it. */
    this.rule = problem.rule;
    this.params = problem.params;
    this.errors = problem.errors ?? [];
    this.code = problem.code ?? this.errors[0]?.code;
  }
}

/** Between two questions while the network is away. */
export const AGAIN_MS = 1000;

/** How one place asks for a sign-in: it settles when the same person is back. @type {() => Promise<void>} */
let ask = null;
export const whenSignedOut = (how) => (ask = how);

/** While nobody is signed in, or it is not known who. @type {Promise<void> | null} */
let returning = null;

/** Asked for on a 401, by a call or a feed: all share one question. */
export const signInAgain = () => (returning ??= ask().finally(() => (returning = null)));

/**
 * @param {string} method
 * @param {string} path Below /api/v1, or as the server gave it.
 * @param {{json?: any, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal,
 *   keepalive?: boolean, withinMs?: number}} [how] `keepalive`: goes on when the page is left. `withinMs`: no
 *   answer by then is none.
 * @returns {Promise<{body: any, headers: Headers}>}
 */
export async function call(method, path, {json, body, headers = {}, signal, keepalive, withinMs} = {}) {
  if (json !== undefined) headers = {...headers, "Content-Type": "application/json"};
  const content = json === undefined ? body : JSON.stringify(json);
  // An address that the server gave is whole; a path of ours is below the API.
  const url = path.startsWith(`${PREFIX}/api/`) ? path : BASE + path;
  // Meanwhile it would go out under the name of whoever signs in.
  if (returning && path !== SESSION) await returning;
  const {answer, text} = await exchange(url, {method, body: content, headers, signal, keepalive}, withinMs);
  const parsed = parsedOf(answer, text);
  if (answer.ok) return {body: parsed, headers: answer.headers};
  if (answer.status === 401 && path !== SESSION && ask) {
    await signInAgain();
    // What was asked for, and what was typed for it, is still wanted.
    return call(method, path, {body: content, headers, signal, keepalive, withinMs});
  }
  throw new Fault(answer.status, parsed ?? {});
}

/** An answer and all its text: a network that breaks amid it, or a server that takes too long, gave none. */
async function exchange(url, {signal, ...how}, withinMs) {
  const late = withinMs ? new AbortController() : null;
  const timer = late && setTimeout(() => late.abort(), withinMs);
  try {
    const answer = await fetch(url, {...how, signal: signal ?? late?.signal});
    return {answer, text: await answer.text()};
  } catch (fault) {
    throw signal?.aborted ? fault : new Fault(0);
  } finally {
    clearTimeout(timer);
  }
}

/** The answer to HEAD names the type of a body that it does not have. */
function parsedOf(answer, text) {
  return text && /json/.test(answer.headers.get("Content-Type") ?? "") ? JSON.parse(text) : null;
}

/**
 * Ask again and again where the network is away: it may be back soon.
 *
 * @template Answer
 * @param {() => Promise<Answer>} question
 * @param {{isWanted?: () => boolean, onAway?: (fault: Fault) => void}} [on] `onAway`: once.
 * @returns {Promise<Answer | null>} Null where nobody waits for it any more.
 */
export async function untilAnswered(question, {isWanted = () => true, onAway = () => {}} = {}) {
  for (let isFirst = true; isWanted(); isFirst = false) {
    try {
      return await question();
    } catch (fault) {
      if (/** @type {{status?: number}} */ (fault).status !== 0) throw fault;
      if (isFirst) onAway(/** @type {Fault} */ (fault));
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  return null;
}

export const get = async (path, how) => (await call("GET", path, how)).body;
export const post = async (path, how) => (await call("POST", path, how)).body;

/** A query of those members that have a value. */
export function query(members) {
  const given = Object.entries(members).filter(
    ([, value]) => value !== "" && value != null && value !== false,
  );
  const text = new URLSearchParams(given).toString();
  return text && `?${text}`;
}

/** Keep the bytes of a file on the server and import nothing yet. @param {string} id */
export const stageAddress = (id) => `/uploads${query({stage: "true", upload_id: id})}`;

/** Begin the import of what is staged. @param {string} id @param {Record<string, any>} options */
export const startImport = (id, options) => call("POST", `/uploads/${id}/import`, {json: options});

/**
 * Send a file, telling how many bytes have left. XMLHttpRequest: fetch does not tell.
 *
 * @param {string} path
 * @param {File} file
 * @param {{onSent: (sent: number, total: number) => void, headers?: Record<string, string>}} on
 * @returns {{done: Promise<any>, abort: () => void}}
 */
export function sendFile(path, file, {onSent, headers = {}}) {
  let request = new XMLHttpRequest();
  const send = () =>
    new Promise((resolve, reject) => {
      request = new XMLHttpRequest();
      const form = new FormData();
      form.append("file", file, file.name);
      request.upload.onprogress = ({loaded, total}) => onSent(loaded, total);
      request.onload = () => settle(request, resolve, reject);
      request.onerror = () => reject(new Fault(0));
      request.onabort = () => reject(Object.assign(new Fault(0), {isAborted: true}));
      request.open("POST", BASE + path);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.send(form);
    });
  const done = Promise.resolve(returning)
    .then(send)
    .catch(async (fault) => {
      if (fault.status !== 401 || !ask) throw fault;
      await signInAgain();
      return send();
    });
  return {done, abort: () => request.abort()};
}

function settle(request, resolve, reject) {
  let body = {};
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // A proxy's own page: the status says enough.
  }
  if (request.status >= 200 && request.status < 300) resolve(body);
  else reject(new Fault(request.status, body));
}
