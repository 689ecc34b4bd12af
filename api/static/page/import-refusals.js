import {isKnown, t} from "./i18n.js";
import {faultText} from "./problem-words.js";

/**
 * Why an import refuses what its card offered: as a rule somebody else was there first, and the import is in
 * another state than the page knew. Pure.
 *
 * @param {"correct" | "cancel" | "undo"} act
 * @param {Partial<import("./api.js").Fault>} fault
 * @returns {string}
 */
export function refusalWords(act, fault) {
  const state = stateIn(fault);
  const key = `watch.late.${act}.${state}`;
  return state && isKnown(key) ? t(key) : faultText(fault);
}

/** The state that an import is in, where it was refused for that. */
function stateIn({errors = []}) {
  const [first] = errors;
  return first?.code === "wrong_state" ? (first.params?.status ?? null) : null;
}
