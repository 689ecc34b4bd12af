import {call} from "./api.js";
import {field, h} from "./dom.js";
import {reasonOf} from "./rejected-table.js";
import {t} from "./i18n.js";
import {toast, toastFault} from "./tell.js";
import {VENUE_TYPES} from "./venue-types.js";

/** Edit an event, or with null make one. */
export function editEvent(event) {
  const controls = controlsOf(event);
  const etag = {value: null};
  const dialog = h("dialog", {label: event ? "events.editTitle" : "events.new"}, formOf(event, controls, () => dialog.close(), () => void save()));
  const save = async () => {
    try {
      await send(event, valuesOf(controls, event), etag.value);
      dialog.close();
    } catch (fault) {
      if (fault.status === 412) await reload(event, controls, etag);
      else showFaults(fault, controls);
    }
  };
  dialog.addEventListener("close", () => (dialog.remove(), focusBack(event)));
  document.body.append(dialog);
  dialog.showModal();
  if (event) void readTag(event, etag).catch(toastFault);
}

/** The button that opened the dialog may have been drawn anew meanwhile, as the list follows changes. */
function focusBack(event) {
  if (event && document.activeElement === document.body) document.querySelector(`[data-event="${Number(event.id)}"] button`)?.focus();
}

async function readTag(event, etag) {
  const {headers, body} = await call("GET", `/eventos/${event.id}`);
  etag.value = headers.get("ETag");
  return body;
}

/** Somebody was faster: show what they wrote, so that the next save is a decision. */
async function reload(event, controls, etag) {
  fill(controls, await readTag(event, etag));
  toast(t("events.conflict"));
}

function send(event, json, etag) {
  if (!event) return call("POST", "/eventos", {json});
  return call("PATCH", `/eventos/${event.id}`, {json, headers: etag ? {"If-Match": etag} : {}});
}

function controlsOf(event) {
  const controls = {
    title: h("input", {maxlength: "100", required: true}), event_date: h("input", {placeholder: "2026-07-01T10:00:00", required: true}),
    city: h("input", {maxlength: "100", required: true}), participants: h("input"), description: h("textarea", {rows: "3"}),
    location_name: h("input", {maxlength: "200"}), capacity: h("input", {type: "number", min: "0"}), address: h("input", {maxlength: "300"}),
    venue_type: h("select", {}, h("option", {value: "", t: "events.any"}), ...VENUE_TYPES.map((name) => h("option", {value: name}, name))),
    is_accessible: h("input", {type: "checkbox"}),
  };
  if (event) fill(controls, event);
  return controls;
}

function fill(controls, {local_info: venue, participants, ...event}) {
  for (const name of ["title", "event_date", "city", "description"]) controls[name].value = event[name] ?? "";
  controls.participants.value = participants.join("; ");
  for (const name of ["location_name", "capacity", "address", "venue_type"]) controls[name].value = venue?.[name] ?? "";
  controls.is_accessible.checked = venue?.is_accessible ?? false;
}

function valuesOf(controls, event) {
  const text = (name) => controls[name].value.trim();
  return {
    title: text("title"), event_date: text("event_date"), city: text("city"), description: controls.description.value,
    participants: text("participants").split(";").map((name) => name.trim()).filter(Boolean),
    local_info: text("location_name") ? venueOf(text, controls, event) : null,
  };
}

function venueOf(text, controls, event) {
  return {
    past_events: event?.local_info?.past_events ?? [], location_name: text("location_name"), capacity: Number(text("capacity") || 1),
    address: text("address") || null, venue_type: text("venue_type") || null, is_accessible: controls.is_accessible.checked, manually_edited: true,
  };
}

function formOf(event, controls, close, save) {
  const of = (name, key) => field(key, controls[name], h("span.fault", {"data-fault": name}));
  const submit = (happening) => (happening.preventDefault(), save());
  return h("form.stack", {method: "dialog", onsubmit: submit, novalidate: true},
    h("h2", {t: event ? "events.editTitle" : "events.new"}), of("title", "field.title"),
    h("div.fields", {}, of("event_date", "field.event_date"), of("city", "field.city")), of("description", "field.description"),
    field("field.participants", controls.participants, h("span.small.soft", {t: "events.participantsHint"}), h("span.fault", {"data-fault": "participants"})),
    h("div.fields", {}, of("location_name", "field.local_info.location_name"), of("venue_type", "field.local_info.venue_type"),
      of("capacity", "field.local_info.capacity"), of("address", "field.local_info.address")),
    h("label.check", {}, controls.is_accessible, h("span", {t: "field.local_info.is_accessible"})),
    h("div.row", {}, h("button.primary", {type: "submit", t: "save"}), h("button", {type: "button", t: "cancel", onclick: close})));
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
