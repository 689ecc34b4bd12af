import {call, get} from "./api.js";
import {dateInput, dateOf} from "./date-input.js";
import {field, h, select} from "./dom.js";
import {tagOf} from "./event-tag.js";
import {ANSWER_WITHIN_MS, openForm} from "./form-dialog.js";
import {inTurns} from "./in-turns.js";
import {isLost} from "./lost-answers.js";
import {say, t} from "./i18n.js";
import {faultText} from "./problem-words.js";
import {toast} from "./tell.js";
import {VENUE_TYPES} from "./venue-types.js";

/** What can be set for many events at once. */
const CHANGES = {
  city: () => h("input", {required: true, dir: "auto"}),
  event_date: () => dateInput(),
  "local_info.venue_type": () =>
    h("select", {}, ...VENUE_TYPES.map((name) => h("option", {value: name}, name))),
  "local_info.location_name": () => h("input", {required: true, dir: "auto"}),
};

/**
 * What can be done with the events that were chosen.
 *
 * @param {{chosen: () => any[], onDelete: (events: any[]) => void, onClear: () => void}} on
 */
export function bulkBar({chosen, onDelete, onClear}) {
  const count = h("strong");
  const element = h(
    "div.bulk.row.for-editors",
    {role: "toolbar", label: "bulk.title", hidden: true},
    count,
    h("button", {type: "button", t: "bulk.change", onclick: () => changeAll(chosen())}),
    h("button.danger", {type: "button", t: "delete", onclick: () => onDelete(chosen())}),
    h("button.quiet", {type: "button", t: "bulk.clear", onclick: onClear}),
  );
  const show = () => {
    element.hidden = chosen().length === 0;
    say(count, "bulk.count", {count: chosen().length});
  };
  return {element, show};
}

function changeAll(events) {
  const which = select(
    Object.keys(CHANGES).map((name) => [name, `field.${name}`]),
    {onchange: () => draw()},
  );
  const place = h("div");
  const valueOf = () => place.querySelector("input, select").value;
  /** What the control begins with, before anybody has typed or chosen. */
  let before = "";
  const draw = () => {
    place.replaceChildren(field("bulk.to", CHANGES[which.value]()));
    before = valueOf();
  };
  const fault = h("span.fault", {role: "alert"});
  const submit = async (happening) => {
    happening.preventDefault();
    fault.textContent = "";
    const value = valueOf();
    stop = new AbortController();
    const outcome = await form.store(() =>
      inTurns(events, (event) => change(event, which.value, value), stop.signal),
    );
    if (outcome.faults.length === events.length) return (fault.textContent = faultText(outcome.faults[0]));
    form.close();
    toast(told(outcome));
  };
  let stop = new AbortController();
  const dialog = h(
    "dialog",
    {label: "bulk.change"},
    h(
      "form.stack",
      {onsubmit: submit},
      h("h2", {t: ["bulk.changeTitle", {count: events.length}]}),
      h("div.fields", {}, field("rejects.field", which), place),
      fault,
      h(
        "div.row.end",
        {},
        h("button", {type: "button", t: "cancel", onclick: () => void form.leave()}),
        h("button.primary", {type: "submit", t: "bulk.change"}),
      ),
    ),
  );
  draw();
  // Those under way end first: what became of each is known, and said.
  const form = openForm(dialog, {
    isDirty: () => valueOf() !== before,
    onStop: () => {
      if (!stop.signal.aborted) toast(t("bulk.stopping"));
      stop.abort();
    },
  });
}

/** How many were changed, and how many not: because it was stopped, or why. */
function told({done, faults, left}) {
  const count = faults.length + left;
  if (!count) return t("bulk.changed", {count: done});
  return faults.length
    ? t("bulk.someFailed", {done, count, reason: faultText(faults[0])})
    : t("bulk.stopped", {done, count});
}

async function change(event, name, value) {
  const [outer, inner] = name.split(".");
  const given = name === "event_date" ? dateOf(value, event) : value;
  await call("PATCH", `/eventos/${event.id}`, {
    json: {[outer]: inner ? {[inner]: given} : given},
    headers: {"If-Match": tagOf(event)},
    withinMs: ANSWER_WITHIN_MS,
  }).catch(async (fault) => {
    // The answer alone may have been lost: then it is another version, with what was sent.
    const now =
      isLost(fault) && (await get(`/eventos/${event.id}`, {withinMs: ANSWER_WITHIN_MS}).catch(() => null));
    const has = now && (inner ? now[outer]?.[inner] : now[outer]);
    if (!now || now.version === event.version || !isStored(has, given)) throw fault;
  });
}

/** Whether the server has what was sent, in its own form: blanks as one, a time with its seconds. */
const isStored = (has, given) => inForm(has) === inForm(given);

const inForm = (value) =>
  String(value ?? "")
    .trim()
    .replace(/\s+/g, " ")
    .normalize("NFC")
    .replace(/^(\d{4}-\d\d-\d\d)$/, "$1T00:00")
    .replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d):00$/, "$1");
