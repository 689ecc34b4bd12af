import {addressOf} from "./router.js";
import {monthAfter, weeksOf} from "./event-query.js";
import {get, query} from "./api.js";
import {h} from "./dom.js";
import {currentLanguage, regional, t} from "./i18n.js";
import {today, venueTime, wallClock} from "./format.js";

/** Titles that a day shows; the others are counted. */
const SHOWN = 3;

/** The most that one page of the API holds. */
const PAGE = 500;

/** Pages read for one month: more events than that are counted by day, not listed. */
const PAGES = 4;

/** Sunday in Brazil and the United States, Monday in most of the world. */
function firstWeekday() {
  const locale = /** @type {any} */ (new Intl.Locale(regional()));
  return ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 7) % 7;
}

/** Events of a month on its days. */
export class Calendar {
  #asked = 0;

  /** @param {{onMonth: (month: string) => void}} on */
  constructor({onMonth}) {
    this.title = h("h2", {"aria-live": "polite"});
    this.grid = h("div.month", {role: "grid"});
    this.month = "";
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
    const asked = ++this.#asked;
    const isNew = month !== this.month;
    this.month = month;
    const date = new Date(`${month}-01T00:00:00Z`);
    this.title.textContent = new Intl.DateTimeFormat(currentLanguage().tag, {
      month: "long",
      year: "numeric",
      timeZone: "UTC",
    }).format(date);
    const weeks = weeksOf(month, firstWeekday());
    if (isNew) this.#draw(weeks, new Map());
    const byDay = await this.#read(weeks, filters);
    if (asked === this.#asked) this.#draw(weeks, byDay);
  }

  async #read(weeks, filters) {
    const byDay = new Map();
    let cursor = "";
    for (let page = 0; page < PAGES && cursor !== null; page++) {
      const answer = await get(
        `/eventos${query({...filters, from: weeks[0][0], to: weeks.at(-1)[6], sort: "event_date", limit: PAGE, cursor})}`,
      );
      for (const event of answer.items) {
        const day = wallClock(event.event_date).slice(0, 10);
        byDay.set(day, [...(byDay.get(day) ?? []), event]);
      }
      cursor = answer.next;
    }
    return byDay;
  }

  #draw(weeks, byDay) {
    const names = weeks[0].map((day) =>
      new Intl.DateTimeFormat(currentLanguage().tag, {weekday: "short", timeZone: "UTC"})
        .format(new Date(day))
        .replace(".", ""),
    );
    this.grid.replaceChildren(
      h("div.week.weekdays", {role: "row"}, ...names.map((name) => h("span", {role: "columnheader"}, name))),
      ...weeks.map((days) =>
        h("div.week", {role: "row"}, ...days.map((day) => this.#day(day, byDay.get(day) ?? []))),
      ),
    );
  }

  #day(day, events) {
    const isToday = day === today();
    const classes = ["day", day.startsWith(this.month) ? "" : "beside", isToday ? "today" : ""]
      .filter(Boolean)
      .join(".");
    const whole = new Intl.DateTimeFormat(currentLanguage().tag, {dateStyle: "full", timeZone: "UTC"}).format(
      new Date(day),
    );
    const said = `${whole}: ${t("events.count", {count: events.length})}`;
    const number = h(
      "a.day-number",
      {href: addressOf("events", {params: {from: day, to: day}}), "aria-label": said},
      String(Number(day.slice(8))),
    );
    const more = events.length - SHOWN;
    return h(
      `div.${classes}`,
      {role: "gridcell", "data-day": day, "aria-current": isToday && "date"},
      number,
      events.length > 0 && h("span.day-count", {"aria-hidden": "true"}, String(events.length)),
      ...events
        .slice(0, SHOWN)
        .map((event) =>
          h(
            "a.day-event",
            {href: addressOf("event", {id: event.id}), title: event.title},
            `${venueTime(event.event_date)?.time ?? ""} ${event.title}`,
          ),
        ),
      more > 0 &&
        h("a.day-more", {
          href: addressOf("events", {params: {from: day, to: day}}),
          t: ["calendar.more", {count: more}],
        }),
    );
  }
}
