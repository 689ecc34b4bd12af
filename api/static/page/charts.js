import {h, svg} from "./dom.js";
import {number, t} from "./i18n.js";

/**
 * Amounts by name. `href`: the list that is counted; `isNow`: today's; `isLater`: beyond the others.
 *
 * @typedef {{label: string, value: number, name?: string | null, href?: string, isNow?: boolean,
 *   isLater?: boolean}} Amount
 */

const LINE = 34;

/** On a phone text would shrink with the drawing: there the drawing is narrower to begin with. */
const narrow = globalThis.matchMedia?.("(max-width: 44rem)") ?? {matches: false};

/**
 * How wide bars are drawn, in pixels of letters of the usual size: the drawing is scaled to its place, so
 * that its words grow with the letters that somebody has chosen.
 */
function barsWide() {
  if (!narrow.matches) return 480;
  const {clientWidth} = document.documentElement;
  const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  return Math.round(Math.min(480, Math.max(140, clientWidth / scale - 70)));
}

/** Horizontal bars, one a name: names of any length, read from top to bottom. @param {Amount[]} amounts */
export function bars(amounts) {
  const wide = barsWide();
  const most = Math.max(1, ...amounts.map(({value}) => value));
  const chart = svg("svg.chart", {
    viewBox: `0 0 ${wide} ${Math.max(1, amounts.length) * LINE}`,
    "aria-hidden": "true",
  });
  amounts.forEach((amount, at) => chart.append(linked(amount, barOf(amount, at * LINE, most, wide))));
  return h("figure", {}, chart, asTable(amounts));
}

function barOf({label, value}, top, most, wide) {
  const width = Math.max(value ? 3 : 0, (wide * value) / most);
  return [
    svg("text", {x: 0, y: top + 13}, shortened(label, Math.floor(wide / 11))),
    svg("text.value", {x: wide, y: top + 13, "text-anchor": "end"}, number(value)),
    svg("rect.ground", {x: 0, y: top + 19, width: wide, height: 8, rx: 4}),
    svg("rect.amount", {x: 0, y: top + 19, width, height: 8, rx: 4}),
  ];
}

const TALL = 180;
const FLOOR = 148;

/** Upright columns, one a month; bars where twelve do not fit side by side. @param {Amount[]} amounts */
export function columns(amounts) {
  if (narrow.matches) return bars(amounts);
  const most = Math.max(1, ...amounts.map(({value}) => value));
  const step = 960 / Math.max(1, amounts.length);
  const chart = svg("svg.chart", {viewBox: `0 0 960 ${TALL}`, "aria-hidden": "true"});
  amounts.forEach((amount, at) => chart.append(linked(amount, columnOf(amount, at * step, step, most))));
  return h("figure", {}, chart, asTable(amounts));
}

/** What a pointer may follow; the list below the drawing has the same links for everyone else. */
function linked({href}, parts) {
  return href ? svg("a", {href, tabindex: "-1"}, ...parts) : svg("g", {}, ...parts);
}

function columnOf({label, value, isNow, isLater}, left, step, most) {
  const height = Math.max(value ? 3 : 0, ((FLOOR - 24) * value) / most);
  const middle = left + step / 2;
  const wide = Math.min(56, step * 0.6);
  return [
    svg("rect.ground", {x: middle - wide / 2, y: 24, width: wide, height: FLOOR - 24, rx: 6}),
    svg(`rect.amount${isLater ? ".later" : ""}`, {
      x: middle - wide / 2,
      y: FLOOR - height,
      width: wide,
      height,
      rx: 6,
    }),
    svg(
      "text.value",
      {x: middle, y: FLOOR - height - 7, "text-anchor": "middle"},
      value ? number(value) : "",
    ),
    svg(`text${isNow ? ".now" : ""}`, {x: middle, y: TALL - 12, "text-anchor": "middle"}, label),
  ];
}

const shortened = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** The same for those who cannot see the drawing. */
function asTable(amounts) {
  return h(
    "ul.unseen",
    {},
    ...amounts.map(({label, value, href}) =>
      h(
        "li",
        {},
        href ? h("a", {href}, t("dashboard.chart", {label, value})) : t("dashboard.chart", {label, value}),
      ),
    ),
  );
}

/**
 * Amounts in any of the forms that the API gives: {"Recife": 3}, [["Recife", 3]], [{city, count}].
 *
 * @returns {Amount[]}
 */
export function amountsOf(counts) {
  if (!Array.isArray(counts))
    return Object.entries(counts ?? {}).map(([label, value]) => ({label, value, name: label}));
  return counts.map((entry) => {
    const [label, value] = Array.isArray(entry) ? entry : labelAndCount(entry);
    return {label: String(label ?? t("dashboard.noType")), value, name: label};
  });
}

function labelAndCount(entry) {
  const values = Object.values(entry);
  const value = entry.count ?? entry.events ?? values.find((each) => typeof each === "number");
  return [values.find((each) => each !== value), value];
}
