import {addressOf} from "./router.js";
import {amountsOf, bars, columns} from "./charts.js";
import {h, oncePerFrame} from "./dom.js";
import {listen} from "./live.js";
import {briefly, monthName, today} from "./format.js";
import {t} from "./i18n.js";
import {Sparkline} from "./sparkline.js";

/** Figures, and the list that each is counted from. */
const HEADLINE = {
  events: addressOf("events", {params: {when: "all"}}),
  upcoming: addressOf("events"),
  cities: "#cities",
  participants: addressOf("events", {params: {when: "all", sort: "-id"}}),
  capacity: addressOf("events", {params: {when: "all", sort: "-id"}}),
  online: "#people",
  uploads_active: "#import",
};

/** Live counts, charts, and who is online. */
export class DashboardView {
  #state = null;
  #people = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.values = Object.fromEntries(
      Object.keys(HEADLINE).map((name) => [name, h("dd", {"data-count": name}, "–")]),
    );
    this.sparklines = {events: new Sparkline("events"), online: new Sparkline("online")};
    this.charts = {city: h("div"), month: h("div"), venue: h("div")};
    this.people = h("ul.people", {"data-people": ""});
    const figures = Object.entries(HEADLINE).map(([name, href]) => this.#figure(name, href));
    root.append(
      h("div.view-head", {}, h("div", {}, h("h1", {t: "dashboard.title"}), h("p", {t: "dashboard.lead"}))),
      h("dl.headline", {}, ...figures),
      h(
        "div.charts",
        {},
        card("dashboard.byMonth", this.charts.month, {more: ".wide"}),
        card("dashboard.byCity", this.charts.city, {id: "cities"}),
        card("dashboard.byVenue", this.charts.venue),
      ),
      card("dashboard.who", this.people, {id: "people"}),
    );
    this.paint = oncePerFrame(() => this.#paint());
    document.addEventListener("language", this.paint);
    listen(["dashboard", "presenca"], {onState: (state) => this.#take(state)});
  }

  show() {
    this.paint();
  }

  #figure(name, href) {
    const title = h("dt", {}, h("a", {href, t: `dashboard.${name}`}));
    // A place on this page is scrolled to; an address of the page would leave the view.
    if (href === "#cities" || href === "#people") {
      title.firstChild.addEventListener(
        "click",
        (event) => (event.preventDefault(), document.querySelector(href)?.scrollIntoView()),
      );
    }
    return h("div.card.figure-card", {}, title, this.values[name], this.sparklines[name]?.element);
  }

  #take(state) {
    if (state.feed === "dashboard") {
      this.#state = state;
      for (const [name, line] of Object.entries(this.sparklines)) line.add(state[name] ?? 0);
    } else this.#people = state;
    this.paint();
  }

  #paint() {
    if (this.#state) this.#paintCounts(this.#state);
    if (this.#people) this.people.replaceChildren(...this.#people.users.map(personOf));
    for (const line of Object.values(this.sparklines)) line.draw();
  }

  #paintCounts(state) {
    for (const name of Object.keys(HEADLINE)) {
      this.values[name].textContent = briefly(state[name] ?? 0);
    }
    const cities = amountsOf(state.by_city).map((amount) => ({
      ...amount,
      href: addressOf("events", {params: {city: amount.label, when: "all"}}),
    }));
    const types = amountsOf(state.by_venue_type).map((amount) => ({
      ...amount,
      href: amount.name && addressOf("events", {params: {venue_type: amount.name, when: "all"}}),
    }));
    this.charts.city.replaceChildren(orNothing(bars, cities));
    this.charts.venue.replaceChildren(orNothing(bars, types));
    this.charts.month.replaceChildren(orNothing(columns, monthsOf(state)));
  }
}

/** The coming months, today's marked, and the events that are later than all of them. */
function monthsOf({coming: months, beyond: later}) {
  const month = today().slice(0, 7);
  const amounts = amountsOf(months).map(({name, value}) => ({
    label: monthName(name),
    value,
    isNow: name === month,
    href: addressOf("events", {params: {layout: "month", month: name}}),
  }));
  if (later)
    amounts.push({
      label: t("dashboard.later"),
      value: later,
      isLater: true,
      href: addressOf("events", {params: {when: "all", sort: "-event_date"}}),
    });
  return amounts;
}

const orNothing = (draw, amounts) =>
  amounts.some(({value}) => value > 0) ? draw(amounts) : h("p.empty", {t: "dashboard.empty"});

const card = (key, content, {more = "", id} = {}) =>
  h(`section.card${more}`, {id}, h("div.card-head", {}, h("h2", {t: key})), content);

function personOf({name, role, connections}) {
  return h(
    "li.person",
    {},
    h("span.avatar", {"aria-hidden": "true"}, initials(name)),
    h("span", {}, name),
    h(
      "span.soft.small",
      {},
      [role && t(`role.${role}`), t("people.connections", {count: connections})].filter(Boolean).join(" · "),
    ),
  );
}

const initials = (name) => [...name.replace(/[^\p{L}\p{N} ]/gu, "")].slice(0, 2).join("").toUpperCase();
