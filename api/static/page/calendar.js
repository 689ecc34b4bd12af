import {addressOf} from "./router.js";
import {dayByKey, monthAfter, weeksOf} from "./event-query.js";
import {get, query} from "./api.js";
import {h} from "./dom.js";
import {currentLanguage, regional, t} from "./i18n.js";
import {dayOf, monthInFull, today, venueTime} from "./format.js";
import {keepingPlace} from "./keep-place.js";
import {readDays} from "./month-days.js";

/**
 * Between two counts of a month that takes a question a day, while others change events: forty questions a
 * second would use up what one person may ask in a minute.
 */
const RECOUNT_MS = 15_000;

/** Sunday in Brazil and the United States, Monday in most of the world. */
function firstWeekday() {
  const locale = /** @type {any} */ (new Intl.Locale(regional()));
  return ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 7) % 7;
}

/** Events of a month on its days. */
export class Calendar {
  #asked = 0;
  #question = "";
  /** Those of the list, which the lists of the days have, too. @type {Record<string, string>} */
  #filters = {};
  /** When it may be asked for again, where it takes a question a day; by the page's clock. */
  #restsUntil = 0;
  #later = 0;
  /** @type {Map<string, import("./month-days.js").Day>} */
  #days = new Map();
  /** What had the keyboard when the month was left for a list. */
  #left = "";
  /** The day that has the month's place in the order of Tab. */
  #current = "";
  /** The day that a key leads to, in a month that is yet to be drawn. */
  #awaited = "";
  /** @type {string[][]} */
  #weeks = [];

  /** @param {{onMonth: (month: string) => void}} on */
  constructor({onMonth}) {
    this.title = h("h2", {id: "month-title", "aria-live": "polite", tabindex: "-1"});
    this.grid = h("div.month", {role: "grid", "aria-labelledby": this.title.id});
    this.grid.addEventListener("keydown", (event) => this.#walk(event));
    this.grid.addEventListener("focusin", ({target}) =>
      this.#enter(target.closest("[data-day]")?.dataset.day),
    );
    this.month = "";
    this.onMonth = onMonth;
    const step = (by, key, text) =>
      h("button", {type: "button", label: key, onclick: () => onMonth(monthAfter(this.month, by))}, text);
    this.element = h(
      "div.stack",
      {},
      h(
        "div.row.between",
        {},
        this.title,
        h(
          "div.row",
          {},
          step(-1, "calendar.before", "‹"),
          h("button", {
            type: "button",
            t: "calendar.today",
            onclick: () => onMonth(today().slice(0, 7)),
          }),
          step(1, "calendar.after", "›"),
        ),
      ),
      this.grid,
    );
  }

  /**
   * @param {string} month As 2026-07.
   * @param {Record<string, string>} filters Those of the list, without dates.
   */
  async show(month, filters) {
    const question = JSON.stringify([month, filters]);
    const weeks = weeksOf(month, firstWeekday());
    clearTimeout(this.#later);
    this.#filters = filters;
    if (question !== this.#question) {
      [this.#question, this.#restsUntil] = [question, 0];
      if (month !== this.month) this.#days = new Map();
    }
    if (month !== this.month || !weeks.flat().includes(this.#current))
      this.#current = today().startsWith(month) ? today() : `${month}-01`;
    this.month = month;
    this.title.textContent = monthInFull(month);
    this.#weeks = weeks;
    const isWalking = this.grid.contains(document.activeElement);
    this.#draw(weeks);
    if (isWalking && this.#awaited.startsWith(month)) this.#focusDay(this.#awaited);
    this.#awaited = "";
    const restMs = this.#restsUntil - performance.now();
    if (restMs > 0) return void (this.#later = setTimeout(() => void this.#read(weeks, filters), restMs));
    await this.#read(weeks, filters);
  }

  /** Take note of what has the keyboard, as the month makes way for a list. */
  leave() {
    const held = /** @type {HTMLElement} */ (document.activeElement);
    if (this.element.contains(held)) this.#left = held.dataset.keep ?? "";
  }

  /** Give the keyboard back to what led away, where the month still has it; else to the name of the month. */
  focus() {
    const [, day] = this.#left.split(" ");
    const links = [this.#left, `day ${day}`].map((key) => this.grid.querySelector(`[data-keep="${key}"]`));
    (links.find((link) => link?.getClientRects().length) ?? this.title).focus();
  }

  /** Arrows lead from day to day, as in any grid; Tab leads through what is on the day, and out. */
  #walk(event) {
    const day = event.target.closest("[data-day]")?.dataset.day;
    if (!day || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const next = dayByKey(event.key, day, this.#weeks);
    if (!next) return;
    event.preventDefault();
    // A page is a month, also where the day is among the last or first of this one.
    const isBeside = !event.key.startsWith("Page") && this.#weeks.flat().includes(next);
    if (isBeside || next.startsWith(this.month)) return this.#focusDay(next);
    this.#awaited = next;
    this.onMonth(next.slice(0, 7));
  }

  #focusDay(day) {
    this.#enter(day);
    this.grid.querySelector(`[data-day="${day}"] a`)?.focus();
  }

  /** The links of one day are in the order of Tab: of all days they would be forty keys and more. */
  #enter(day) {
    if (!day || day === this.#current) return;
    this.#current = day;
    for (const cell of this.grid.querySelectorAll("[data-day]"))
      for (const link of cell.querySelectorAll("a")) link.tabIndex = cell.dataset.day === day ? 0 : -1;
  }

  async #read(weeks, filters) {
    if (this.element.hidden) return;
    const asked = ++this.#asked;
    const {days, isCrowded} = await readDays(
      weeks.flat(),
      (question) => get(`/eventos${query({...filters, ...question})}`),
      (event) => dayOf(event.event_date),
    );
    // A slow answer must not overwrite that of a later question.
    if (asked !== this.#asked) return;
    this.#days = days;
    if (isCrowded) this.#restsUntil = performance.now() + RECOUNT_MS;
    this.#draw(weeks);
  }

  #draw(weeks) {
    const named = (weekday) => {
      const format = new Intl.DateTimeFormat(currentLanguage().tag, {weekday, timeZone: "UTC"});
      return weeks[0].map((day) => format.format(new Date(day)).replace(".", ""));
    };
    const names = named("short");
    const heads = named("long").map((name, at) =>
      h("span", {role: "columnheader", "aria-label": name}, names[at]),
    );
    // Others change events while somebody walks through the month by the keyboard.
    keepingPlace(this.grid, () =>
      this.grid.replaceChildren(
        h("div.week.weekdays", {role: "row"}, ...heads),
        ...weeks.map((days) =>
          h("div.week", {role: "row"}, ...days.map((day, at) => this.#day(day, names[at]))),
        ),
      ),
    );
  }

  #day(day, weekday) {
    const known = this.#days.get(day);
    const {count, events} = known ?? {count: 0, events: []};
    const isToday = day === today();
    const classes = ["day", day.startsWith(this.month) ? "" : "beside", isToday ? "today" : ""]
      .filter(Boolean)
      .join(".");
    const whole = new Intl.DateTimeFormat(regional(), {dateStyle: "full", timeZone: "UTC"}).format(
      new Date(day),
    );
    const said = known ? `${whole}: ${t("events.count", {count})}` : whole;
    const tabindex = day === this.#current ? "0" : "-1";
    const list = addressOf("events", {params: {...this.#filters, from: day, to: day}});
    const number = h(
      "a.day-number",
      {
        tabindex,
        href: list,
        "aria-label": said,
        "data-keep": `day ${day}`,
      },
      String(Number(day.slice(8))),
    );
    const more = count - events.length;
    return h(
      `div.${classes}`,
      {role: "gridcell", "data-day": day, "aria-current": isToday && "date"},
      number,
      h("span.day-name", {"aria-hidden": "true"}, weekday),
      count > 0 && h("span.day-count", {"aria-hidden": "true"}, String(count)),
      ...events.map((event) =>
        h(
          "a.day-event",
          {
            tabindex,
            href: addressOf("event", {id: event.id}),
            title: event.title,
            "data-keep": `event ${event.id}`,
          },
          `${venueTime(event.event_date)?.clock ?? ""} `,
          h("bdi", {}, event.title),
        ),
      ),
      more > 0 &&
        h("a.day-more", {
          tabindex,
          href: list,
          "data-keep": `more ${day}`,
          t: ["calendar.more", {count: more}],
        }),
    );
  }
}
