import {call} from "./api.js";
import {dateInput, dateOf} from "./date-input.js";
import {field, h, select} from "./dom.js";
import {say, t} from "./i18n.js";
import {faultText} from "./problem-words.js";
import {toast} from "./tell.js";
import {VENUE_TYPES} from "./venue-types.js";

/** What can be set for many events at once. */
const CHANGES = {
  city: () => h("input", {required: true}),
  event_date: () => dateInput(),
  "local_info.venue_type": () =>
    h("select", {}, ...VENUE_TYPES.map((name) => h("option", {value: name}, name))),
  "local_info.location_name": () => h("input", {required: true}),
};

/** Requests under way at once: the server takes them one after the other. */
const AT_ONCE = 4;

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
  const draw = () => place.replaceChildren(field("bulk.to", CHANGES[which.value]()));
  const fault = h("span.fault", {role: "alert"});
  const submit = async (happening) => {
    happening.preventDefault();
    fault.textContent = "";
    const {value} = place.querySelector("input, select");
    const failed = await inTurns(events, (event) => change(event, which.value, value));
    if (failed.length === events.length) return (fault.textContent = faultText(failed[0]));
    dialog.close();
    toast(
      failed.length
        ? t("bulk.someFailed", {count: failed.length, reason: faultText(failed[0])})
        : t("bulk.changed", {count: events.length}),
    );
  };
  const dialog = h(
    "dialog",
    {label: "bulk.change", onclose: () => dialog.remove()},
    h(
      "form.stack",
      {onsubmit: submit},
      h("h2", {t: ["bulk.changeTitle", {count: events.length}]}),
      h("div.fields", {}, field("rejects.field", which), place),
      fault,
      h(
        "div.row.end",
        {},
        h("button", {type: "button", t: "cancel", onclick: () => dialog.close()}),
        h("button.primary", {type: "submit", t: "bulk.change"}),
      ),
    ),
  );
  draw();
  document.body.append(dialog);
  dialog.showModal();
}

function change(event, name, value) {
  const [outer, inner] = name.split(".");
  const given = name === "event_date" ? dateOf(value, event) : value;
  return call("PATCH", `/eventos/${event.id}`, {
    json: {[outer]: inner ? {[inner]: given} : given},
    headers: {"If-Match": `"${event.id}-${event.version}"`},
  });
}

/** @returns {Promise<import("./api.js").Fault[]>} Why some failed. */
async function inTurns(events, work) {
  const faults = [];
  const waiting = [...events];
  const worker = async () => {
    for (let event = waiting.shift(); event; event = waiting.shift())
      await work(event).catch((fault) => faults.push(fault));
  };
  await Promise.all(Array.from({length: AT_ONCE}, worker));
  return faults;
}
