import {call} from "./api.js";
import {confirmed} from "./confirm.js";
import {dayOf} from "./event-query.js";
import {field, h} from "./dom.js";
import {reasonOf} from "./problem-words.js";
import {t} from "./i18n.js";
import {toast, toastFault} from "./tell.js";
import {VENUE_TYPES} from "./venue-types.js";

/** The members that make a venue: with any of them filled in there is one. */
const VENUE = ["location_name", "capacity", "address", "venue_type"];

/**
 * Edit an event, or with null make one.
 *
 * @param {any} event
 * @param {{onClose?: () => void}} [on]
 */
export function editEvent(event, {onClose = () => {}} = {}) {
  const controls = controlsOf(event);
  const etag = {value: event ? `"${event.id}-${event.version}"` : null};
  const before = JSON.stringify(valuesOf(controls, event));
  const isDirty = () => JSON.stringify(valuesOf(controls, event)) !== before;
  const leave = async () => {
    if (!isDirty() || (await confirmed("events.discardSure", {}, {action: "events.discard"}))) dialog.close();
  };
  const dialog = h(
    "dialog",
    {label: event ? "events.editTitle" : "events.new"},
    formOf(
      event,
      controls,
      () => void leave(),
      () => save(),
    ),
  );
  const save = async () => {
    try {
      await send(event, valuesOf(controls, event), etag.value);
      dialog.close();
    } catch (fault) {
      if (fault.status === 412) await reload(event, controls, etag);
      else showFaults(fault, controls);
    }
  };
  // Escape leaves as the button does: not without asking about what was typed.
  dialog.addEventListener("cancel", (happening) => (happening.preventDefault(), void leave()));
  dialog.addEventListener("close", () => (dialog.remove(), onClose(), focusBack(event)));
  document.body.append(dialog);
  dialog.showModal();
}

/** The button that opened the dialog may have been drawn anew meanwhile, as the list follows changes. */
function focusBack(event) {
  if (event && document.activeElement === document.body)
    document.querySelector(`[data-event="${Number(event.id)}"] button`)?.focus();
}

/** Somebody was faster: show what they wrote, so that the next save is a decision. */
async function reload(event, controls, etag) {
  const {headers, body} = await call("GET", `/eventos/${event.id}`);
  etag.value = headers.get("ETag");
  fill(controls, body);
  toast(t("events.conflict"));
}

function send(event, json, etag) {
  if (!event) return call("POST", "/eventos", {json});
  return call("PATCH", `/eventos/${event.id}`, {json, headers: etag ? {"If-Match": etag} : {}});
}

function controlsOf(event) {
  const controls = {
    title: h("input", {maxlength: "100", required: true}),
    event_date: h("input", {type: "datetime-local", required: true}),
    city: h("input", {maxlength: "100", required: true}),
    participants: h("input"),
    description: h("textarea", {rows: "3"}),
    location_name: h("input", {maxlength: "200"}),
    capacity: h("input", {type: "number", min: "0"}),
    address: h("input", {maxlength: "300"}),
    venue_type: h(
      "select",
      {},
      h("option", {value: "", t: "events.noType"}),
      ...VENUE_TYPES.map((name) => h("option", {value: name}, name)),
    ),
    is_accessible: h("input", {type: "checkbox"}),
  };
  if (event) fill(controls, event);
  else controls.event_date.value = `${dayOf(new Date())}T19:00`;
  return controls;
}

function fill(controls, {local_info: venue, participants, event_date: date, ...event}) {
  for (const name of ["title", "city", "description"]) controls[name].value = event[name] ?? "";
  controls.event_date.value = date.slice(0, 16);
  controls.participants.value = participants.join("; ");
  for (const name of VENUE) controls[name].value = venue?.[name] ?? "";
  controls.is_accessible.checked = venue?.is_accessible ?? false;
}

function valuesOf(controls, event) {
  const text = (name) => controls[name].value.trim();
  const hasVenue = VENUE.some(text) || controls.is_accessible.checked;
  return {
    title: text("title"),
    event_date: dateOf(text("event_date"), event),
    city: text("city"),
    description: controls.description.value,
    participants: text("participants")
      .split(";")
      .map((name) => name.trim())
      .filter(Boolean),
    // Nothing that was filled in is dropped: an address without a name is sent, and refused at the name.
    local_info: hasVenue ? venueOf(text, controls, event) : null,
  };
}

/** The picker knows neither seconds nor offsets: what it did not change stays as it was. */
function dateOf(picked, event) {
  if (event && picked === event.event_date.slice(0, 16)) return event.event_date;
  const offset = event?.event_date.match(/(?:Z|[+-]\d\d:\d\d)$/)?.[0];
  return picked && offset ? `${picked}:00${offset}` : picked;
}

function venueOf(text, controls, event) {
  return {
    past_events: event?.local_info?.past_events ?? [],
    location_name: text("location_name"),
    capacity: Number(text("capacity") || 1),
    address: text("address") || null,
    venue_type: text("venue_type") || null,
    is_accessible: controls.is_accessible.checked,
    manually_edited: true,
  };
}

function formOf(event, controls, close, save) {
  const of = (name, key) => field(key, controls[name], h("span.fault", {"data-fault": name}));
  const submit = (happening) => (happening.preventDefault(), save());
  return h(
    "form.stack",
    {method: "dialog", onsubmit: submit, novalidate: true},
    h("h2", {t: event ? "events.editTitle" : "events.new"}),
    of("title", "field.title"),
    h("div.fields", {}, of("event_date", "field.event_date"), of("city", "field.city")),
    of("description", "field.description"),
    field(
      "field.participants",
      controls.participants,
      h("span.small.soft", {t: "events.participantsHint"}),
      h("span.fault", {"data-fault": "participants"}),
    ),
    h(
      "div.fields",
      {},
      of("location_name", "field.local_info.location_name"),
      of("venue_type", "field.local_info.venue_type"),
      of("capacity", "field.local_info.capacity"),
      of("address", "field.local_info.address"),
    ),
    h("label.check", {}, controls.is_accessible, h("span", {t: "field.local_info.is_accessible"})),
    h(
      "div.row",
      {},
      h("button.primary.for-editors", {type: "submit", t: "save"}),
      h("button", {type: "button", t: "cancel", onclick: close}),
    ),
  );
}

function showFaults(fault, controls) {
  const places = document.querySelectorAll("dialog [data-fault]");
  const told = new Map(fault.errors.map((error) => [error.field?.replace(/^local_info\./, ""), error]));
  for (const place of places) {
    const error = told.get(place.dataset.fault);
    place.textContent = error ? [reasonOf(error), error.suggestion].filter(Boolean).join(" → ") : "";
    controls[place.dataset.fault].setAttribute("aria-invalid", String(Boolean(error)));
  }
  if (!told.size) toastFault(fault);
  else document.querySelector('dialog [aria-invalid="true"]')?.focus();
}
