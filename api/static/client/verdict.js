/** What the server's refusals mean, whichever transport they came by. */

/** @type {Record<number, import("./types.js").Verdict>} */
const BY_STATUS = {
  200: "reachable",
  204: "finished",
  400: "refused",
  401: "unauthorised",
  403: "forbidden",
  404: "unknown",
  421: "forbidden",
  429: "busy",
};

/** @type {Record<number, import("./types.js").Verdict>} */
const BY_CLOSE_CODE = {4401: "unauthorised", 4403: "forbidden", 4404: "unknown", 4429: "busy"};

/** @returns {import("./types.js").Verdict} Any other status is that of a proxy whose server is away. */
export const verdictOfStatus = (status) => BY_STATUS[status] ?? "unreachable";

/** @returns {import("./types.js").Verdict | null} Null for the codes of a broken connection. */
export const verdictOfClose = (code) => BY_CLOSE_CODE[code] ?? null;

/** Refusals that only a person can change: asking again would give the same answer. */
export const isFinal = (verdict) =>
  ["unauthorised", "forbidden", "unknown", "refused", "finished"].includes(verdict);
