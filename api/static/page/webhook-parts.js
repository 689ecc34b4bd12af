import {duration, moment} from "./format.js";
import {h} from "./dom.js";
import {exactWords} from "./problem-words.js";
import {isKnown, t} from "./i18n.js";

/** States, in the colours that chips have. */
const LOOKS = {
  delivering: "completed",
  failing: "interrupted",
  paused: "staged",
  gone: "failed",
  given_up: "failed",
};

/**
 * How a webhook goes. Pure.
 *
 * @param {{enabled: boolean, disabled_because: string | null, failures: number}} webhook
 * @returns {keyof typeof LOOKS}
 */
function stateOf({enabled, disabled_because: because, failures}) {
  if (enabled) return failures > 0 ? "failing" : "delivering";
  if (because === "gone") return "gone";
  return because === "failing" ? "given_up" : "paused";
}

export function chipOf(webhook) {
  const state = stateOf(webhook);
  return h("span.chip", {"data-state": LOOKS[state], t: `webhooks.state.${state}`});
}

/** The last attempts, the newest first. */
export function logOf(attempts = []) {
  if (!attempts.length) return h("p.empty", {t: "webhooks.noAttempts"});
  const heads = ["when", "result", "took", "message"].map((name) => h("th", {t: `webhooks.log.${name}`}));
  return h(
    "div.tables",
    {tabindex: "0", role: "region", label: "webhooks.log"},
    h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...attempts.map(rowOf))),
  );
}

function rowOf({at, status, error, why, took_ms: took, message_id: id}) {
  const isGood = error === null;
  return h(
    "tr",
    {},
    h("td", {}, h("time", {datetime: at}, moment(at))),
    h(
      "td.reasons",
      {},
      h(`span.anywhere${isGood ? "" : ".faulty"}`, {}, resultOf({status, error, why})),
      // An attempt that an earlier version made: what it said of the network stands as it came.
      status === null && error && !why ? h("div.small.soft.anywhere", {lang: "en"}, error) : null,
    ),
    h("td.numbers", {}, duration(took / 1000)),
    h("td.mono.small", {}, id),
  );
}

/** @param {{status: number | null, error: string | null, why?: any}} attempt */
export function resultOf({status, error, why = null}) {
  if (error === null) return t("webhooks.taken", {status: String(status)});
  // Of some answers there is more to say than that they refuse.
  const exact = isKnown(`webhooks.answer.${status}`) ? null : why && exactWords(why);
  if (exact) return exact;
  if (status === null) return t("webhooks.noAnswer");
  const key = `webhooks.answer.${status}`;
  return isKnown(key) ? t(key, {status: String(status)}) : t("webhooks.answered", {status: String(status)});
}
