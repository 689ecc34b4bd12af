import {amountsOf, bars, columns} from "./charts.js";
import {connect} from "/client/fasttrack.js";
import {h, oncePerFrame} from "./dom.js";
import {monthName} from "./format.js";
import {number, t} from "./i18n.js";

const HEADLINE = ["events", "upcoming", "cities", "participants", "capacity", "online", "uploads_active"];

/** Live counts, charts, and who is online. */
export class DashboardView {
  #state = null;
  #people = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.values = Object.fromEntries(HEADLINE.map((name) => [name, h("dd", {"data-count": name}, "–")]));
    this.charts = {city: h("div"), month: h("div"), venue: h("div")};
    this.people = h("ul.people", {"data-people": ""});
    root.append(h("div.view-head", {}, h("div", {}, h("h1", {t: "dashboard.title"}), h("p", {t: "dashboard.lead"}))),
      h("dl.headline", {}, ...HEADLINE.map((name) => h("div.card", {}, h("dt", {t: `dashboard.${name}`}), this.values[name]))),
      h("div.charts", {}, card("dashboard.byMonth", this.charts.month, ".wide"), card("dashboard.byCity", this.charts.city), card("dashboard.byVenue", this.charts.venue)),
      card("dashboard.who", this.people));
    this.paint = oncePerFrame(() => this.#paint());
    document.addEventListener("language", this.paint);
    this.feed = connect(["dashboard", "presenca"], {onState: (state) => this.#take(state)});
  }

  #take(state) {
    if (state.feed === "dashboard") this.#state = state;
    else this.#people = state;
    this.paint();
  }

  #paint() {
    if (this.#state) this.#paintCounts(this.#state);
    if (this.#people) this.people.replaceChildren(...this.#people.users.map(personOf));
  }

  #paintCounts(state) {
    for (const name of HEADLINE) this.values[name].textContent = number(state[name] ?? 0, {notation: state[name] >= 1e6 ? "compact" : "standard", maximumFractionDigits: 1});
    const months = amountsOf(state.by_month).map(({label, value}) => ({label: monthName(label), value}));
    this.charts.city.replaceChildren(orNothing(bars, amountsOf(state.by_city)));
    this.charts.venue.replaceChildren(orNothing(bars, amountsOf(state.by_venue_type)));
    this.charts.month.replaceChildren(orNothing(columns, months));
  }
}

const orNothing = (draw, amounts) => (amounts.some(({value}) => value > 0) ? draw(amounts) : h("p.empty", {t: "dashboard.empty"}));

const card = (key, content, more = "") => h(`section.card${more}`, {}, h("div.card-head", {}, h("h2", {t: key})), content);

function personOf({name, role, connections}) {
  return h("li.person", {}, h("span.avatar", {"aria-hidden": "true"}, initials(name)),
    h("span", {}, name), h("span.soft.small", {}, [role && t(`role.${role}`), t("people.connections", {count: connections})].filter(Boolean).join(" · ")));
}

const initials = (name) => [...name.replace(/[^\p{L}\p{N} ]/gu, "")].slice(0, 2).join("").toUpperCase();
