/** Where a set of feeds is found, on each transport. */

/**
 * @typedef {object} Server
 * @property {string} base Origin and path prefix of the server; "" for the page's own.
 * @property {(() => Promise<string>) | null} ticket Draws a single-use ticket, for a server of another origin.
 */

/**
 * @param {Server} server
 * @param {import("./types.js").Transport} transport
 * @param {string[]} feeds
 * @param {Record<string, string | number | null>} query Members that are null are left out.
 * @returns {Promise<string>} An absolute URL.
 */
export async function addressOf(server, transport, feeds, query) {
  const url = new URL(`${server.base}/${transport}`, location.href);
  if (transport === "ws") url.protocol = url.protocol.replace("http", "ws");
  for (const feed of feeds) url.searchParams.append("feed", feed);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, String(value));
  }
  if (server.ticket) url.searchParams.set("ticket", await server.ticket());
  return url.href;
}
