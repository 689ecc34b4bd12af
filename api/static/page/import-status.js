/** What is said of an import's end. Pure: a chip never says more than what is so. */

/** States of an import that is over, and that nobody has undone. */
export const ENDED = ["completed", "failed", "cancelled"];
const WITH_ROWS = [...ENDED, "interrupted"];
/** States in which no row is read any more, and none will be. */
const READ = [...ENDED, "undoing", "undone"];

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
export const hasRowsIn = ({isDryRun = false, isAtomic = false, origin = null, ...upload}) =>
  WITH_ROWS.includes(upload.status) &&
  rowsIn(upload) > 0 &&
  !isDryRun &&
  !origin &&
  !(isAtomic && upload.status !== "completed");

/** How many rows made or changed an event; others were left as they were. All, where nobody tells. */
export const rowsIn = ({accepted, outcomes: {created, updated} = {}}) =>
  created == null && updated == null ? accepted : (created ?? 0) + (updated ?? 0);

/** Whether the reading of a file is over: nothing is left to cancel, and no time left to wait. */
export const hasEnded = ({status}) => READ.includes(status);

/** Whether nothing more happens to an import by itself: its details say all that its feed did. */
export const isOver = ({status}) => [...ENDED, "undone"].includes(status);
