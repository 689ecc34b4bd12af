import {fieldName} from "./format.js";
import {h, oncePerFrame} from "./dom.js";
import {filterProblems} from "./import-model.js";
import {currentLanguage, isKnown, t} from "./i18n.js";
import {windowOf} from "./window-of.js";

const COLUMNS = ["line", "field", "reason", "value", "suggestion"];

export const reasonOf = ({code, message}) => (isKnown(`error.${code}`) ? t(`error.${code}`) : message);

/** The problems of an import: one line each, only those on screen are drawn. */
export class RejectedTable {
  /** @type {import("./import-model.js").ProblemLine[]} */
  #shown = [];
  #problems = [];
  /** What `#shown` was asked for, and how many problems have been looked at. */
  #asked = "";
  #filtered = 0;
  #drawn = "";

  constructor() {
    this.filter = h("input", {type: "search", label: "rejects.filter", placeholder: t("rejects.filter"), oninput: () => this.update(this.#problems)});
    this.count = h("span.soft.small.numbers");
    this.canvas = h("div", {role: "presentation"});
    this.scroller = h("div.rejects-scroll", {role: "rowgroup", tabindex: "0", label: "rejects.title"}, this.canvas);
    const head = COLUMNS.map((name) => h("span", {role: "columnheader", t: `rejects.${name}`}));
    this.table = h("div", {role: "table", label: "rejects.title"},
      h("div", {role: "rowgroup"}, h("div.rejects-head", {role: "row"}, ...head)), this.scroller);
    this.nothing = h("p.soft.small", {t: "rejects.none", hidden: true});
    this.element = h("div.stack", {}, this.table, this.nothing);
    this.redraw = oncePerFrame(() => this.#draw());
    this.scroller.addEventListener("scroll", this.redraw, {passive: true});
    addEventListener("resize", this.redraw);
  }

  /** @param {import("./import-model.js").ProblemLine[]} problems A list that only ever grows. */
  update(problems) {
    this.#problems = problems;
    const asked = `${currentLanguage()} ${this.filter.value}`;
    if (asked !== this.#asked) this.#startFiltering(asked);
    if (this.#filtered === problems.length) return;
    // Only what is new: twenty thousand problems are not searched again for each one that comes.
    this.#shown.push(...filterProblems(problems.slice(this.#filtered), this.filter.value, reasonOf));
    this.#filtered = problems.length;
    this.redraw();
  }

  #startFiltering(asked) {
    this.#asked = asked;
    this.#shown = [];
    this.#filtered = 0;
    this.#drawn = "";
    this.redraw();
  }

  #draw() {
    const rowHeight = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
    const count = this.#shown.length;
    this.canvas.style.height = `${count * rowHeight}px`;
    // The rows are out of the flow: the scroller has the height of what it holds.
    this.scroller.style.height = `${Math.min(8, Math.max(count, 1)) * rowHeight + 2}px`;
    this.table.setAttribute("aria-rowcount", String(count + 1));
    this.table.hidden = count === 0;
    this.nothing.hidden = count > 0;
    this.count.textContent = t("rejects.count", {shown: count, total: this.#problems.length});
    this.#drawWindow(windowOf({scrollTop: this.scroller.scrollTop, height: this.scroller.clientHeight, rowHeight, count}), rowHeight);
  }

  #drawWindow({first, end}, rowHeight) {
    const drawn = `${first}-${end}-${rowHeight}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.canvas.replaceChildren(...this.#shown.slice(first, end).map((problem, at) => rowOf(problem, first + at, rowHeight)));
  }
}

function rowOf(problem, at, rowHeight) {
  const cell = (name, text) => h(`span.${name}`, {role: "cell", title: text}, text);
  const row = h("div.rejects-row", {role: "row", "aria-rowindex": String(at + 2)},
    cell("line.numbers", String(problem.line)), cell("name", fieldName(problem.field)),
    h("span.reason", {role: "cell", title: problem.message}, reasonOf(problem)),
    cell("value.mono", problem.value ?? ""), cell("suggestion", problem.suggestion ?? ""));
  row.style.transform = `translateY(${at * rowHeight}px)`;
  return row;
}
