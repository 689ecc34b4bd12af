import {call} from "./api.js";
import {confirmed} from "./confirm.js";
import {dateInput, dateOf} from "./date-input.js";
import {field, h} from "./dom.js";
import {offerText, reasonInForm} from "./problem-words.js";
import {dayAndTime, today, wallClock} from "./format.js";
import {t} from "./i18n.js";
import {askBeforeLeaving} from "./unsaved.js";
import {toast, toastFault} from "./tell.js";
import {VENUE_TYPES} from "./venue-types.js";

const EVENT = ["title", "city", "description", "participants"];

/** The members that make a venue: with any of them filled in there is one. */
const VENUE = ["location_name", "capacity", "address", "venue_type"];
const VENUE_PARTS = [...VENUE, "is_accessible"];

const text = ({value}) => value.trim();
const textOrNull = (control) => text(control) || null;

/** What a control stands for. @type {Record<string, (control: any, event: any) => any>} */
const VALUES = {
  title: text,
  event_date: (control, event) => dateOf(text(control), event),
  city: text,
  description: ({value}) => value,
  participants: (control) =>
    text(control)
      .split(";")
      .map((name) => name.trim())
      .filter(Boolean),
  location_name: text,
  // What is no number is sent as it was typed: the server says what is wrong with it.
  capacity: (control) => (/^\d+$/.test(text(control)) ? Number(text(control)) : textOrNull(control)),
  address: textOrNull,
  venue_type: textOrNull,
  is_accessible: ({checked}) => checked,
};

/** The dialog that is open. @type {{leave: () => Promise<boolean>} | null} */
let opened = null;

/**
 * Edit an event, or with null make one. One at a time: another that is open is left first, if the person
 * agrees to that.
 *
 * @param {any} event
 * @param {{onClose?: () => void}} [on]
 */
export async function editEvent(event, on = {}) {
  if (!opened || (await opened.leave())) show(event, on);
}

function show(event, {onClose = () => {}}) {
  const controls = controlsOf(event);
  let before = partsOf(controls);
  const isDirty = () => JSON.stringify(partsOf(controls)) !== JSON.stringify(before);
  const sure = () => confirmed("events.discardSure", {}, {action: "events.discard"});
  /** @type {Promise<boolean> | null} Asked once, whatever leads away. */
  let asked = null;
  const leave = async () => {
    asked ??= (isDirty() ? sure() : Promise.resolve(true)).finally(() => (asked = null));
    const isOver = await asked;
    if (isOver) dialog.close();
    return isOver;
  };
  const follow = () => void leave();
  const dialog = h(
    "dialog",
    {label: titleOf(event)},
    formOf(
      event,
      controls,
      () => void leave(),
      () => save(),
    ),
  );
  const save = async () => {
    try {
      await send(event, event ? changesOf(controls, before, event) : eventOf(controls));
      dialog.close();
    } catch (fault) {
      if (fault.status !== 412) return showFaults(fault, controls);
      const now = await stored(event.id);
      if (!now) return;
      before = merge(controls, before, now);
      event = now;
    }
  };
  // Escape leaves as the button does: not without asking about what was typed.
  dialog.addEventListener("cancel", (happening) => (happening.preventDefault(), void leave()));
  const unguard = askBeforeLeaving(isDirty);
  addEventListener("hashchange", follow);
  opened = {leave};
  dialog.addEventListener("close", () => {
    unguard();
    removeEventListener("hashchange", follow);
    opened = null;
    dialog.remove();
    onClose();
    focusBack(event);
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** The button that opened the dialog may have been drawn anew meanwhile, as the list follows changes. */
function focusBack(event) {
  if (event && document.activeElement === document.body)
    document.querySelector(`[data-event="${Number(event.id)}"] button`)?.focus();
}

async function stored(id) {
  return (await call("GET", `/eventos/${id}`).catch((fault) => (toastFault(fault), {body: null}))).body;
}

/**
 * Somebody was faster: keep what the person changed, take over the rest, and show what is stored where both
 * changed one field, so that the next save is a decision.
 *
 * @returns {Record<string, string | boolean>} What is stored, as the controls show it.
 */
function merge(controls, before, event) {
  const mine = partsOf(controls);
  fill(controls, event);
  const theirs = partsOf(controls);
  for (const [name, control] of Object.entries(controls)) {
    const isMine = mine[name] !== before[name];
    const differs = isMine && theirs[name] !== before[name] && theirs[name] !== mine[name];
    const place = control.closest("dialog").querySelector(`[data-fault="${name}"]`);
    if (place) place.textContent = differs ? theirsText(name, theirs[name]) : "";
    if (isMine)
      Object.assign(control, typeof mine[name] === "boolean" ? {checked: mine[name]} : {value: mine[name]});
  }
  tellRemovedVenue(controls, mine, before, event);
  toast(t("events.conflict"));
  return theirs;
}

/** What is stored in a control's place. */
function theirsText(name, value) {
  if (!value) return t("events.theirsEmpty");
  return t("events.theirs", {value: name === "event_date" ? dayAndTime(value) : value});
}

/** A venue that somebody changed and somebody else removed: said once, where the next save begins it anew. */
function tellRemovedVenue(controls, mine, before, event) {
  const isMine = VENUE_PARTS.some((name) => mine[name] !== before[name]);
  if (event.local_info || !before.location_name || !isMine) return;
  const places = [...controls.title.closest("dialog").querySelectorAll("[data-fault]")];
  for (const place of places)
    if (VENUE.includes(place.dataset.fault))
      place.textContent = place.dataset.fault === "location_name" ? t("events.theirsNoVenue") : "";
}

/** What the controls hold, by name. */
const partsOf = (controls) =>
  Object.fromEntries(
    Object.entries(controls).map(([name, control]) => [
      name,
      control.type === "checkbox" ? control.checked : control.value,
    ]),
  );

async function send(event, json) {
  if (!event) return call("POST", "/eventos", {json});
  if (!Object.keys(json).length) return null;
  const seen = `"${event.id}-${event.version}"`;
  return call("PATCH", `/eventos/${event.id}`, {json, headers: {"If-Match": seen}});
}

function controlsOf(event) {
  const controls = {
    title: h("input", {required: true}),
    event_date: dateInput(),
    city: h("input", {required: true}),
    participants: h("input"),
    description: h("textarea", {rows: "3"}),
    location_name: h("input"),
    capacity: h("input", {inputmode: "numeric"}),
    address: h("input"),
    venue_type: h(
      "select",
      {},
      h("option", {value: "", t: "events.noType"}),
      ...VENUE_TYPES.map((name) => h("option", {value: name}, name)),
    ),
    is_accessible: h("input", {type: "checkbox"}),
  };
  if (!mayEdit()) for (const control of Object.values(controls)) control.disabled = true;
  if (event) fill(controls, event);
  else controls.event_date.value = `${today()}T19:00`;
  return controls;
}

function fill(controls, {local_info: venue, participants, event_date: date, ...event}) {
  for (const name of ["title", "city", "description"]) controls[name].value = event[name] ?? "";
  controls.event_date.value = wallClock(date);
  controls.participants.value = participants.join("; ");
  for (const name of VENUE) controls[name].value = venue?.[name] ?? "";
  controls.is_accessible.checked = venue?.is_accessible ?? false;
}

/** An event that is new. */
function eventOf(controls) {
  return {
    ...membersOf(controls, [...EVENT, "event_date"], null),
    local_info: hasVenue(controls) ? newVenueOf(controls) : null,
  };
}

/** What was changed, and nothing else: the rest stays as it is stored, however it is shown. */
function changesOf(controls, before, event) {
  const now = partsOf(controls);
  const changed = (names) => names.filter((name) => now[name] !== before[name]);
  const members = membersOf(controls, changed([...EVENT, "event_date"]), event);
  const venue = changed(VENUE_PARTS);
  if (!venue.length) return members;
  if (!hasVenue(controls)) return {...members, local_info: null};
  const parts = event.local_info
    ? {...membersOf(controls, venue, event), manually_edited: true}
    : newVenueOf(controls);
  return {...members, local_info: parts};
}

const membersOf = (controls, names, event) =>
  Object.fromEntries(names.map((name) => [name, VALUES[name](controls[name], event)]));

// Nothing that was filled in is dropped: an address without a name is sent, and refused at the name.
const hasVenue = (controls) =>
  VENUE.some((name) => controls[name].value.trim()) || controls.is_accessible.checked;

/** What was left empty gets its default. */
function newVenueOf(controls) {
  const given = VENUE_PARTS.filter((name) => name === "location_name" || partsOf(controls)[name]);
  return {...membersOf(controls, given, null), manually_edited: true};
}

/** Who may only read sees what is stored. */
const mayEdit = () => document.documentElement.dataset.role !== "viewer";

const titleOf = (event) => (!event ? "events.new" : mayEdit() ? "events.editTitle" : "events.seeTitle");

function formOf(event, controls, close, save) {
  const of = (name, key) => field(key, controls[name], h("span.fault", {"data-fault": name}));
  const submit = (happening) => (happening.preventDefault(), save());
  return h(
    "form.stack",
    {method: "dialog", onsubmit: submit, novalidate: true},
    h("h2", {t: titleOf(event)}),
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
      h("button", {type: "button", t: mayEdit() ? "cancel" : "close", onclick: close}),
    ),
  );
}

function showFaults(fault, controls) {
  const places = document.querySelectorAll("dialog [data-fault]");
  const told = new Map(fault.errors.map((error) => [error.field?.replace(/^local_info\./, ""), error]));
  for (const place of places) {
    const error = told.get(place.dataset.fault);
    place.textContent = error
      ? [reasonInForm(error), offerText(error, error.suggestion ?? "")].filter(Boolean).join(" → ")
      : "";
    controls[place.dataset.fault].setAttribute("aria-invalid", String(Boolean(error)));
  }
  if (!told.size) toastFault(fault);
  else document.querySelector('dialog [aria-invalid="true"]')?.focus();
}
