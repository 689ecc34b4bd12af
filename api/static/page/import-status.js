/** What is said of an import's end. Pure: a chip never says more than what is so. */

/** States of an import that is over, and that nobody has undone. */
export const ENDED = ["completed", "failed", "cancelled"];
const WITH_ROWS = [...ENDED, "interrupted"];

/**
 * @param {{status: string, accepted: number, rejected: number, isDryRun?: boolean}} upload
 * @returns {{state: string, key: string, params: {count: number}}} `state` gives the colour.
 */
export function statusOf({status, accepted, rejected, isDryRun = false}) {
  if (isDryRun && status === "completed")
    return {state: "checked", key: "state.checked", params: {count: rejected}};
  if (status === "completed" && rejected && !accepted) {
    return {state: "failed", key: "state.nothingIn", params: {count: rejected}};
  }
  if (status === "completed" && rejected) {
    return {state: "partly", key: "state.completedWith", params: {count: rejected}};
  }
  return {state: status, key: `state.${status}`, params: {count: accepted}};
}

/**
 * Whether rows of an ended import are among the events, and can be taken out; those that came back to an
 * import are that one's.
 */
export const hasRowsIn = ({status, accepted, isDryRun = false, isAtomic = false, origin = null}) =>
  WITH_ROWS.includes(status) && accepted > 0 && !isDryRun && !origin && !(isAtomic && status !== "completed");

/** Whether nothing more happens to an import by itself: its details say all that its feed did. */
export const isOver = ({status}) => [...ENDED, "undone"].includes(status);
