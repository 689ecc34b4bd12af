/** Where a call may have done its work although no answer came. Pure. */

/** Nobody answered, or a proxy did in the server's place. @param {{status?: number}} fault */
export const isLost = ({status}) => status === 0 || status === 502 || status === 504;

/** Whether the same call may be answered later: the network, the server or a limit may be in its way. */
export const mayPass = ({status}) => !status || status >= 500 || status === 408 || status === 429;

/**
 * Names for what is sent: the same for the same, so that the server stores it once however often it comes,
 * and another for anything else.
 *
 * @returns {(json: any) => string}
 */
export function requestKeys() {
  /** @type {Map<string, string>} All of them: who goes back to what was sent before means that. */
  const keys = new Map();
  return (json) => {
    const text = JSON.stringify(json);
    const key = keys.get(text) ?? drawn();
    keys.set(text, key);
    return key;
  };
}

/** Also on pages without TLS, where browsers draw no UUID. */
const drawn = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );

/**
 * Look whether something was made although the answer was lost.
 *
 * @param {() => Promise<{items: any[]}>} read The list that it would be in.
 * @param {Set<any> | null} known Ids that were there before; null where nobody knows.
 * @param {(item: any) => boolean} isIt
 * @returns {Promise<{state: "made", item: any} | {state: "missing" | "unknown"}>}
 */
export async function lookFor(read, known, isIt) {
  const page = known && (await read().catch(() => null));
  if (!page) return {state: "unknown"};
  const item = page.items.find((one) => !known.has(one.id) && isIt(one));
  return item ? {state: "made", item} : {state: "missing"};
}
