import {amountsOf, bars, columns} from "./charts.js";
import {h} from "./dom.js";
import {addressOf} from "./router.js";
import {isKnown, number, t} from "./i18n.js";
import {moreOf, reasonOf} from "./problem-words.js";
import {briefly, bytes, monthName, today, venueTime} from "./format.js";

/** Bars of one breakdown; the rest is in the result that the API gives. */
const BARS_MAX = 12;

/**
 * What a task found: counts as figures, breakdowns as charts, findings as lists of events.
 *
 * @param {{result: any, links: any, error: any}} task
 * @returns {HTMLElement[]}
 */
export function resultOf({result, links, error}) {
  if (error) return [h("div.alert", {}, h("strong", {}, reasonOf(error)), h("span", {}, moreOf(error)))];
  if (!result) return [];
  // Links are offered as buttons.
  const {links: _, ...found} = result;
  const parts = Object.entries(found).map(([name, value]) => ({name, value, kind: kindOf(value)}));
  parts.sort((one, other) => Number(other.name === "by_month") - Number(one.name === "by_month"));
  const draw = (kind, show) => parts.filter((part) => part.kind === kind).map(show);
  const figures = [
    ...draw("figure", figureOf),
    ...draw("figures", ({value}) =>
      Object.entries(value)
        .filter(([, each]) => kindOf(each) === "figure")
        .map(([name, each]) => figureOf({name, value: each})),
    ).flat(),
  ];
  const findings = [
    ...draw("finding", findingOf),
    ...draw("figures", ({value}) =>
      Object.entries(value)
        .filter(([, each]) => kindOf(each) === "finding")
        .map(([name, each]) => findingOf({name, value: each})),
    ).flat(),
  ];
  const file = links?.file ?? links?.download;
  return [
    h("h3", {t: "tasks.result"}),
    file && h("div.row", {}, h("a.button", {href: file, download: "", t: "tasks.download"})),
    figures.length > 0 && h("dl.figures", {}, ...figures),
    h("div.charts", {}, ...draw("amounts", chartOf)),
    findings.length > 0 && h("div.charts", {}, ...findings),
  ].filter(Boolean);
}

/** What a member of a result is, by its shape: the page learns new ones without a change. */
function kindOf(value) {
  if (typeof value === "number" || typeof value === "string") return "figure";
  if (Array.isArray(value))
    return value.length && value.every((each) => typeof each?.events === "number") ? "amounts" : "none";
  if (Array.isArray(value?.events)) return "finding";
  return value ? "figures" : "none";
}

const titled = (name) => (isKnown(`result.${name}`) ? t(`result.${name}`) : name.replaceAll("_", " "));

function figureOf({name, value}) {
  const text = shown(name, value);
  // Whoever needs a count to the last digit finds it behind the brief one.
  const whole = typeof value === "number" && name !== "bytes" ? number(value) : text;
  const title = whole === text ? undefined : whole;
  return h("div.figure", {}, h("dt", {}, titled(name)), h("dd", {title}, text));
}

function shown(name, value) {
  if (name === "bytes") return bytes(value);
  if (name === "format") return value.toUpperCase();
  return typeof value === "number" ? briefly(value) : value;
}

function chartOf({name, value}) {
  const isByMonth = name === "by_month";
  const amounts = isByMonth ? monthsOf(value) : firstOf(name, value);
  return h(
    `section.stack${isByMonth ? ".wide" : ""}`,
    {},
    h("h3", {}, titled(name)),
    (isByMonth ? columns : bars)(amounts),
  );
}

const firstOf = (name, value) =>
  amountsOf(value)
    .slice(0, BARS_MAX)
    .map(({label, value: count}) => ({
      label: name === "by_weekday" ? t(`weekday.${label}`) : label,
      value: count,
    }));

/** Months as the dashboard draws them: today's marked, and what is later than all of them as one amount. */
function monthsOf(value) {
  const now = today().slice(0, 7);
  const {months, later} = monthsNear(amountsOf(value), now);
  const amounts = months.map(({label, value: count}) => ({
    label: monthName(label),
    value: count,
    isNow: label === now,
  }));
  return later ? [...amounts, {label: t("dashboard.later"), value: later, isLater: true}] : amounts;
}

/**
 * Which months are drawn: those of the year to come, then the latest before it. What is later is counted: one
 * event in a far year takes no month's place. Where nothing is near, the first months are drawn.
 *
 * @param {{label: string, value: number}[]} amounts By month as "2027-01", in order.
 * @param {string} now
 */
export function monthsNear(amounts, now) {
  const end = `${Number(now.slice(0, 4)) + 1}${now.slice(4)}`;
  const far = amounts.filter(({label}) => label >= end);
  const before = amounts.filter(({label}) => label < now);
  const coming = amounts.filter(({label}) => label >= now && label < end);
  const near = [...before, ...coming].slice(-BARS_MAX);
  const months = near.length ? near : far.slice(0, BARS_MAX);
  const rest = near.length ? far : far.slice(BARS_MAX);
  return {months, later: rest.reduce((sum, {value}) => sum + value, 0)};
}

function findingOf({name, value: {count, events}}) {
  return h(
    "section.stack",
    {},
    h("h3", {}, `${titled(name)}: ${number(count)}`),
    count > 0 &&
      h(
        "ul.small.findings",
        {},
        ...events.map((event) =>
          h("li", {}, linkTo(event.id, event.title), ` · ${factsOf(event)}`, ...repeated(event)),
        ),
      ),
  );
}

const linkTo = (id, text) => h("a", {href: addressOf("event", {id})}, text);

/** Of a likely repeat the event that it repeats. */
const repeated = ({same_as: id}) =>
  id === undefined ? [] : [" · ", linkTo(id, t("result.sameAs", {id: String(id)}))];

function factsOf({id, event_date: date, capacity, participants, location_name: venue}) {
  const time = venueTime(date);
  const crowd =
    capacity !== undefined &&
    `${t("events.participants", {count: participants})}, ${t("events.capacity", {count: capacity})}`;
  return [time ? `${time.day} ${time.month} ${time.year}` : date, venue, crowd, `#${id}`]
    .filter(Boolean)
    .join(" · ");
}
