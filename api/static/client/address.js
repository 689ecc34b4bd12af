/** Where a set of feeds is found, on each transport. */

/**
 * @typedef {object} Server
 * @property {string} base Origin and path prefix of the server; "" for the page's own.
 * @property {(() => Promise<string>) | null} ticket Draws a ticket, for a page of another origin.
 * @property {(() => import("./types.js").Token | Promise<import("./types.js").Token>) | null} [token]
 *   Gives a personal token, for programs that are no page; nothing, where the server wants none.
 */

/**
 * @param {Server} server
 * @param {import("./types.js").Transport} transport
 * @param {string[]} feeds
 * @param {Record<string, string | number | null>} query Members that are null are left out.
 * @returns {Promise<string>} An absolute URL.
 */
export async function addressOf(server, transport, feeds, query) {
  const page = globalThis.location?.href;
  if (!page && !server.base)
    throw new TypeError("connect() needs `base`, such as https://events.example, outside of a page");
  const url = new URL(`${server.base}/${transport}`, page);
  if (transport === "ws") url.protocol = url.protocol.replace("http", "ws");
  for (const feed of feeds) url.searchParams.append("feed", feed);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, String(value));
  }
  if (server.ticket) url.searchParams.set("ticket", await server.ticket());
  else if (transport === "ws") {
    const headers = await headersOf(server);
    if (headers.Authorization) url.searchParams.set("ticket", await drawTicket(server, headers));
  }
  return url.href;
}

/**
 * @param {Server} server
 * @returns {Promise<Record<string, string>>} What a request carries beside its URL.
 */
export async function headersOf({token}) {
  const own = await token?.();
  return own ? {Authorization: `Bearer ${own}`} : {};
}

/** A WebSocket takes no headers, and a token never stands in a URL: a ticket does, once. */
async function drawTicket(server, headers) {
  const answer = await fetch(`${server.base}/api/v1/tickets`, {method: "POST", headers});
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return (await answer.json()).ticket;
}
