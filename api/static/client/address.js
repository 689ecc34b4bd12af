/** Where a set of feeds is found, on each transport, and what says who asks for it. */

/**
 * @typedef {object} Server
 * @property {string} base Origin and path prefix of the server; "" for the page's own.
 * @property {(() => Promise<string>) | null} ticket Draws a ticket, for a page of another origin.
 * @property {(() => import("./types.js").Token | Promise<import("./types.js").Token>) | null} [token]
 *   Gives a personal token, for programs that are no page; nothing, where the server wants none.
 */

/** The program's own function gave no ticket or token: that says nothing about the network. */
export class CredentialError extends Error {
  /**
   * @param {"no_ticket" | "no_token"} reason
   * @param {unknown} cause
   */
  constructor(reason, cause) {
    super(cause instanceof Error ? cause.message : String(cause), {cause});
    this.reason = reason;
  }
}

/**
 * What a question that got no answer says.
 *
 * @param {unknown} error
 * @returns {import("./types.js").PollAnswer}
 */
export function faultOf(error) {
  const told = error instanceof CredentialError ? {reason: error.reason, error: error.message} : {};
  return {verdict: "unreachable", cursor: null, messages: [], ...told};
}

/**
 * @param {Server} server
 * @param {import("./types.js").Transport} transport
 * @param {string[]} feeds
 * @param {Record<string, string | number | null>} query Members that are null are left out.
 * @returns {Promise<string>} An absolute URL.
 */
export async function addressOf(server, transport, feeds, query) {
  const url = urlOf(server, transport);
  if (transport === "ws") url.protocol = url.protocol.replace("http", "ws");
  for (const feed of feeds) url.searchParams.append("feed", feed);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, String(value));
  }
  if (server.ticket) url.searchParams.set("ticket", await ticketOf(server.ticket));
  else if (transport === "ws") {
    const headers = await headersOf(server);
    if (headers.Authorization) url.searchParams.set("ticket", await drawTicket(server, headers));
  }
  return url.href;
}

/**
 * @param {Pick<Server, "base">} server
 * @param {import("./types.js").Transport} transport
 * @returns {URL}
 */
export function urlOf({base}, transport) {
  const page = globalThis.location?.href;
  if (!page && !base)
    throw new TypeError("connect() needs `base`, such as https://events.example, outside of a page");
  return new URL(`${base}/${transport}`, page);
}

/** @param {() => string | Promise<string>} give */
async function ticketOf(give) {
  const ticket = await given(give, "no_ticket");
  if (ticket && typeof ticket === "string") return ticket;
  throw new CredentialError("no_ticket", new TypeError("ticket() gave no ticket"));
}

async function given(give, reason) {
  try {
    return await give();
  } catch (error) {
    throw new CredentialError(reason, error);
  }
}

/**
 * @param {Server} server
 * @returns {Promise<Record<string, string>>} What a request carries beside its URL.
 */
export async function headersOf({token}) {
  const own = token && (await given(token, "no_token"));
  return own ? {Authorization: `Bearer ${own}`} : {};
}

/** A WebSocket takes no headers, and a token never stands in a URL: a ticket does, once. */
async function drawTicket(server, headers) {
  const answer = await fetch(`${server.base}/api/v1/tickets`, {method: "POST", headers});
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return (await answer.json()).ticket;
}
