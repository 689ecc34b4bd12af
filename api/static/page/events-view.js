import {call, get, query} from "./api.js";
import {connect} from "/client/fasttrack.js";
import {editEvent} from "./event-dialog.js";
import {field, h, icon, ICONS, select} from "./dom.js";
import {currentLanguage, say, t} from "./i18n.js";
import {venueTime} from "./format.js";
import {announce, toastFault} from "./tell.js";
import {VENUE_TYPES} from "./venue-types.js";

const PAGE = 50;
const TYPING_MS = 250;

/** While others change a mass of events the list is read again now and then, not once for each. */
const FOLLOW_MS = 800;

/** The most that one page of the API holds. */
const PAGE_MAX = 500;

const SORTS = [["event_date", "events.byDate"], ["-event_date", "events.byDateDown"], ["title", "events.byTitle"], ["-id", "events.byNew"]];
const FORMATS = ["json", "csv", "ndjson", "ics"];

/** The list of events: searched, filtered, edited, and changing as others change it. */
export class EventsView {
  #next = null;
  #typing = 0;
  #following = 0;
  #asked = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.filters = filterControls(() => this.#search());
    this.count = h("span.soft.small.numbers");
    this.items = h("div.items");
    this.empty = h("div.empty", {hidden: true}, h("p", {t: "events.none"}));
    this.nothing = h("div.empty", {hidden: true}, h("p", {t: "events.empty"}), h("a.button.for-editors", {href: "#import", t: "events.import"}));
    this.more = h("button", {type: "button", t: "more", hidden: true, onclick: () => void this.#load(this.#next)});
    root.append(this.#head(), h("section.card.stack", {}, this.filters.element, h("div.row.between", {}, this.count, this.#downloads()), this.items, this.empty, this.nothing, this.more));
    document.addEventListener("language", () => this.#follow());
    connect("eventos", {onMessage: (message) => this.#take(message), onReset: () => this.#follow()});
    void this.#load(null);
  }

  #head() {
    return h("div.view-head", {}, h("div", {}, h("h1", {t: "events.title"}), h("p", {t: "events.lead"})),
      h("button.primary.for-editors", {type: "button", t: "events.new", onclick: () => editEvent(null)}));
  }

  #downloads() {
    const format = h("select", {label: "events.downloadAs"}, ...FORMATS.map((name) => h("option", {value: name}, name.toUpperCase())));
    const get = () => (location.href = `/api/v1/eventos/download${query({...this.filters.values(), sort: "", format: format.value})}`);
    return h("div.row", {}, h("div", {}, format), h("button", {type: "button", t: "events.download", onclick: get}));
  }

  /** Somebody types: ask once the typing rests, and say what came of it. */
  #search() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#load(null).then((page) => page && announce("events.count", {count: page.total}, {important: true})), TYPING_MS);
  }

  /** Others change events: read as much as is shown again, however many changes come. */
  #follow() {
    this.#following ||= setTimeout(() => {
      this.#following = 0;
      void this.#load(null, Math.min(PAGE_MAX, Math.max(PAGE, this.items.childElementCount)));
    }, FOLLOW_MS);
  }

  async #load(cursor, limit = PAGE) {
    const asked = ++this.#asked;
    const page = await get(`/eventos${query({...this.filters.values(), limit, cursor})}`).catch((fault) => (fault.status === 401 || toastFault(fault), null));
    // A slow answer must not overwrite that of a later question.
    if (!page || asked !== this.#asked) return null;
    const rows = page.items.map((event) => this.#row(event));
    keepFocus(this.items, () => (cursor ? this.items.append(...rows) : this.items.replaceChildren(...rows)));
    this.#next = page.next;
    this.more.hidden = !page.next;
    const isEmpty = this.items.childElementCount === 0;
    this.empty.hidden = !isEmpty || !this.filters.areUsed();
    this.nothing.hidden = !isEmpty || this.filters.areUsed();
    say(this.count, "events.count", {count: page.total});
    return page;
  }

  #take(message) {
    if (message.type === "event.updated") this.#replace(message.event);
    else if (message.type === "event.deleted") this.#find(message.event_id)?.remove();
    this.#follow();
  }

  #find(id) {
    return this.items.querySelector(`[data-event="${Number(id)}"]`);
  }

  #replace(event) {
    const row = this.#row(event);
    row.classList.add("fresh");
    keepFocus(this.items, () => this.#find(event.id)?.replaceWith(row));
  }

  #row(event) {
    const tools = h("div.row.for-editors", {},
      h("button.quiet.icon", {type: "button", label: "edit", onclick: () => editEvent(event)}, icon(ICONS.edit)),
      h("button.quiet.icon", {type: "button", label: "delete", onclick: () => void remove(event)}, icon(ICONS.trash)));
    return h("article.item.event", {"data-event": event.id}, dateTile(event.event_date),
      h("div", {}, h("div.item-title", {}, event.title), h("div.item-more", {}, factsOf(event))), tools);
  }
}

/** Redraw, and leave the keyboard on the same button of the same event. */
function keepFocus(items, redraw) {
  const row = document.activeElement?.closest("[data-event]");
  const at = row && items.contains(row) ? [...row.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  redraw();
  if (at >= 0) items.querySelectorAll(`[data-event="${row.dataset.event}"] button`)[at]?.focus();
}

async function remove({id, title, version}) {
  if (!confirm(t("events.deleteSure", {title}))) return;
  await call("DELETE", `/eventos/${id}`).catch(toastFault);
}

function filterControls(onChange) {
  const listening = {oninput: onChange};
  const controls = {
    q: h("input", {type: "search", ...listening}), city: h("input", {type: "search", ...listening}),
    from: h("input", {type: "date", ...listening}), to: h("input", {type: "date", ...listening}),
    venue_type: h("select", listening, h("option", {value: "", t: "events.any"}), ...VENUE_TYPES.map((name) => h("option", {value: name}, name))),
    sort: select(SORTS, listening),
  };
  const names = {q: "events.search", city: "events.city", from: "events.from", to: "events.to", venue_type: "events.venue", sort: "events.sort"};
  const values = () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
  const areUsed = () => Object.entries(values()).some(([name, value]) => value && name !== "sort");
  return {values, areUsed, element: h("div.fields.filters", {role: "search"}, ...Object.entries(controls).map(([name, control]) => field(names[name], control)))};
}

function dateTile(text) {
  const time = venueTime(text);
  if (!time) return h("div.date-tile", {}, h("span", {}, text));
  return h("time.date-tile", {datetime: text, title: text, lang: currentLanguage()},
    h("span", {}, time.month), h("b", {}, time.day), h("span", {}, time.year));
}

function factsOf({event_date: date, city, participants, local_info: venue}) {
  const time = venueTime(date);
  const count = participants?.length ?? 0;
  return [time && `${time.weekday} ${time.time}`, city, venue?.location_name, venue?.venue_type,
    venue && t("events.capacity", {count: venue.capacity}), venue?.is_accessible && t("events.accessible"),
    count > 0 && t("events.participants", {count})].filter(Boolean).join(" · ");
}
