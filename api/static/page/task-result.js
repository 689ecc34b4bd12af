import {amountsOf, bars, columns} from "./charts.js";
import {h} from "./dom.js";
import {addressOf} from "./router.js";
import {isKnown, number, t} from "./i18n.js";
import {moreOf, reasonOf} from "./problem-words.js";
import {bytes, monthName, venueTime} from "./format.js";

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
  return h("div.figure", {}, h("dt", {}, titled(name)), h("dd", {}, shown(name, value)));
}

function shown(name, value) {
  if (name === "bytes") return bytes(value);
  if (name === "format") return value.toUpperCase();
  return typeof value === "number" ? number(value) : value;
}

function chartOf({name, value}) {
  const amounts = amountsOf(value)
    .slice(name === "by_month" ? -BARS_MAX : 0)
    .slice(0, BARS_MAX);
  const named = amounts.map(({label, value: count}) => ({label: labelOf(name, label), value: count}));
  const isWide = name === "by_month";
  return h(
    `section.stack${isWide ? ".wide" : ""}`,
    {},
    h("h3", {}, titled(name)),
    (isWide ? columns : bars)(named),
  );
}

function labelOf(name, label) {
  if (name === "by_month") return monthName(label);
  return name === "by_weekday" ? t(`weekday.${label}`) : label;
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
