import {call} from "./api.js";
import {confirmed} from "./confirm.js";
import {leaveWithAddress} from "./dialog-address.js";
import {dateInput, dateOf} from "./date-input.js";
import {field, h} from "./dom.js";
import {tagOf} from "./event-tag.js";
import {ANSWER_WITHIN_MS, openForm} from "./form-dialog.js";
import {isLost, requestKeys} from "./lost-answers.js";
import {offerText, reasonInForm} from "./problem-words.js";
import {dayAndTime, today, wallClock, weekdayAndTime} from "./format.js";
import {number, say, t} from "./i18n.js";
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
 * @param {{onClose?: () => void, like?: any}} [on] `like`: the event that a new one begins as a copy of.
 */
export async function editEvent(event, on = {}) {
  if (opened && !(await opened.leave())) return;
  if (event && !mayEdit()) showFacts(event, on);
  else show(event, on);
}

/** For who may only read: what is stored, as text. */
function showFacts(event, {onClose = () => {}}) {
  const leave = async () => (unfollow(), dialog.close(), true);
  const unfollow = leaveWithAddress(leave);
  const title = h("h2", {tabindex: "-1", autofocus: true, dir: "auto"}, event.title);
  const dialog = h(
    "dialog",
    {label: "events.seeTitle"},
    h(
      "div.stack",
      {},
      title,
      h(
        "dl.facts",
        {},
        ...factsOf(event).flatMap(([key, value]) => [h("dt", {t: key}), h("dd", {dir: "auto"}, value)]),
      ),
      h("div.row", {}, h("button", {type: "button", t: "close", onclick: () => dialog.close()})),
    ),
  );
  opened = {leave};
  dialog.addEventListener("close", () => {
    unfollow();
    opened = null;
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** @returns {string[][]} Keys of names, and what the event has there. */
function factsOf({event_date: date, city, description, participants, local_info: venue}) {
  const facts = [
    ["field.event_date", weekdayAndTime(date)],
    ["field.city", city],
    ["field.description", description],
    ["field.participants", participants.join("; ")],
    ["field.local_info.location_name", venue?.location_name],
    ["field.local_info.venue_type", venue?.venue_type],
    ["field.local_info.capacity", venue?.capacity != null && number(venue.capacity)],
    ["field.local_info.address", venue?.address],
    ["field.local_info.is_accessible", venue?.is_accessible && t("yes")],
  ];
  return facts.filter(([, value]) => value);
}

function show(event, {onClose = () => {}, like = null}) {
  const controls = controlsOf(event ?? like);
  const title = h("h2", {id: "event-dialog-title", t: titleOf(event, like)});
  let before = partsOf(controls);
  /** What a new event has of another: of that it copies, or of the one that somebody deleted. */
  let model = like;
  const isDirty = () => JSON.stringify(partsOf(controls)) !== JSON.stringify(before);
  const keyOf = requestKeys();
  const leave = () => form.leave();
  const dialog = h(
    "dialog",
    {"aria-labelledby": title.id},
    formOf(title, controls, {
      close: () => void leave(),
      save: () => save(),
      duplicate: event && (() => duplicate()),
    }),
  );
  const duplicate = async () => {
    const copied = event;
    if (await leave()) dialog.addEventListener("close", () => show(null, {like: copied}), {once: true});
  };
  const save = async () => {
    const json = event ? changesOf(controls, before, event) : eventOf(controls, model);
    try {
      const answer = await form.store(() => send(event, json, keyOf));
      form.close();
      if (answer) toast(t("events.saved", {title: answer.body.title}));
    } catch (fault) {
      if (event && isGone(fault)) return offerNew();
      if (!event && isLost(fault)) return toast(t("events.lost"));
      if (fault.status !== 412) return showFaults(fault, controls);
      const now = await form.store(() => stored(event.id));
      if (now === GONE) return offerNew();
      if (now) meet(now);
    }
  };
  /** What is stored is another version: of somebody else, or of a save whose answer was lost. */
  const meet = (now) => {
    before = merge(controls, before, now);
    event = now;
    if (isDirty()) return toast(t("events.conflict"));
    form.close();
    toast(t("events.saved", {title: now.title}));
  };
  /** Somebody deleted it: what is typed here is all that there is of it. */
  const offerNew = async () => {
    const how = {action: "events.saveAsNew", danger: false, otherwise: "events.keepEditing"};
    if (!(await confirmed("events.goneSure", {}, how))) return;
    [model, event] = [event, null];
    say(title, ...titleOf(null));
    await save();
  };
  opened = {leave};
  const form = openForm(dialog, {
    isDirty,
    onClose: () => {
      opened = null;
      onClose();
      focusBack(event);
    },
  });
  // What a copy is made for.
  if (like) controls.event_date.focus();
}

/** The button that opened the dialog may have been drawn anew meanwhile, as the list follows changes. */
function focusBack(event) {
  if (!event || document.activeElement !== document.body) return;
  const id = Number(event.id);
  const links = document.querySelectorAll(`[data-event="${id}"] button, .day-event[data-keep="event ${id}"]`);
  [.../** @type {NodeListOf<HTMLElement>} */ (links)].find((link) => link.getClientRects().length)?.focus();
}

const GONE = Symbol("gone");

const isGone = ({status}) => status === 404 || status === 410;

/** @returns {Promise<any>} The event, `GONE`, or null where it could not be asked, which has been said. */
async function stored(id) {
  const answer = await call("GET", `/eventos/${id}`).catch((fault) => {
    if (isGone(fault)) return {body: GONE};
    toastFault(fault);
    return {body: null};
  });
  return answer.body;
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

/** Neither is done twice, however often it is sent: a new event has a key, a change the version it is of. */
async function send(event, json, keyOf) {
  const withinMs = ANSWER_WITHIN_MS;
  if (!event) return call("POST", "/eventos", {json, headers: {"Idempotency-Key": keyOf(json)}, withinMs});
  if (!Object.keys(json).length) return null;
  return call("PATCH", `/eventos/${event.id}`, {json, headers: {"If-Match": tagOf(event)}, withinMs});
}

function controlsOf(event) {
  const controls = {
    title: h("input", {required: true, dir: "auto"}),
    event_date: dateInput(),
    city: h("input", {required: true, dir: "auto"}),
    participants: h("input", {dir: "auto"}),
    description: h("textarea", {rows: "3", dir: "auto"}),
    location_name: h("input", {dir: "auto"}),
    capacity: h("input", {inputmode: "numeric"}),
    address: h("input", {dir: "auto"}),
    venue_type: h(
      "select",
      {},
      h("option", {value: "", t: "events.noType"}),
      ...VENUE_TYPES.map((name) => h("option", {value: name}, name)),
    ),
    is_accessible: h("input", {type: "checkbox"}),
  };
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

/** An event that is new: with what the form does not show of the one that it is like, if any. */
function eventOf(controls, model) {
  return {
    ...membersOf(controls, [...EVENT, "event_date"], model),
    local_info: hasVenue(controls) ? {...historyOf(controls, model), ...newVenueOf(controls)} : null,
  };
}

/** What took place at a venue before belongs to that venue. */
function historyOf(controls, model) {
  const venue = model?.local_info;
  const isSame = venue?.location_name === text(controls.location_name);
  return isSame && venue.past_events?.length ? {past_events: venue.past_events} : {};
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

/** @returns {[string, Record<string, string>]} */
const titleOf = (event, like = null) =>
  like ? ["events.copyTitle", {title: like.title}] : [event ? "events.editTitle" : "events.new", {}];

/** @param {{close: () => void, save: () => any, duplicate: (() => any) | null}} on */
function formOf(title, controls, {close, save, duplicate}) {
  const of = (name, key, ...hints) => {
    const control = controls[name];
    const element = field(key, control, ...hints, h("span.fault", {"data-fault": name}));
    element.classList.toggle("required", control.required);
    return element;
  };
  const submit = (happening) => (happening.preventDefault(), save());
  return h(
    "form.stack",
    {method: "dialog", onsubmit: submit, novalidate: true},
    title,
    of("title", "field.title"),
    h("div.fields", {}, of("event_date", "field.event_date"), of("city", "field.city")),
    of("description", "field.description"),
    of("participants", "field.participants", h("span.small.soft", {t: "events.participantsHint"})),
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
      h("button.primary", {type: "submit", t: "save"}),
      h("button", {type: "button", t: "cancel", onclick: close}),
      duplicate && h("button.quiet.apart", {type: "button", t: "events.duplicate", onclick: duplicate}),
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
