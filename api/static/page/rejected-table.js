import {columnIn, countLike, isCutWrongly, isMendable, kindOf, kindsOf, offersOf} from "./repairs.js";
import {fieldName} from "./format.js";
import {h, oncePerFrame} from "./dom.js";
import {filterProblems} from "./import-model.js";
import {currentLanguage, number, t} from "./i18n.js";
import {keepingPlace} from "./keep-place.js";
import {generalWords, offerText, reasonOf} from "./problem-words.js";
import {RowHeights} from "./row-heights.js";
import {toast} from "./tell.js";

const COLUMNS = ["line", "field", "reason", "value", "suggestion"];

/** Their own text may have lines: a paste of several is one cell. */
const WITH_LINES = ["description", "local_info.address"];

/** Kinds of problems that are buttons, until somebody asks for the others. */
const KINDS = 6;

/** So many rows of the usual height are seen at once. */
const ROWS_SEEN = 8;

/** The problems of an import: one row each, mended in place; only those on screen are drawn. */
export class RejectedTable {
  /** @type {import("./import-model.js").ProblemLine[]} */
  #shown = [];
  #problems = [];
  /** What `#shown` was asked for, and how many problems have been looked at. */
  #asked = "";
  #filtered = 0;
  #drawn = "";
  #kind = "";
  #areAllKindsShown = false;
  #canMend = false;
  /** Reasons and titles take the lines that they need. */
  #heights = new RowHeights();
  #width = 0;

  /**
   * @param {import("./repairs.js").Repairs} repairs
   * @param {{titles: Map<number, string>, onMended: () => void, onRows: (records: number[]) => void,
   *   onFilter: () => void}} on `titles`: of rows, by record; `onRows`: these are looked at; `onFilter`: rows
   *   are sought, by what they are called, too.
   */
  constructor(repairs, {titles, onMended, onRows, onFilter}) {
    this.repairs = repairs;
    this.titles = titles;
    this.onMended = onMended;
    this.onRows = onRows;
    this.onFilter = onFilter;
    this.filter = h("input", {
      type: "search",
      label: "rejects.filter",
      oninput: () => {
        this.update(this.#problems);
        if (this.isFiltered) this.onFilter();
      },
    });
    this.count = h("span.soft.small.numbers");
    this.kinds = h("div.row.kinds", {role: "group", label: "rejects.kinds"});
    this.canvas = h("div", {role: "presentation"});
    this.scroller = h(
      "div.rejects-scroll",
      {role: "rowgroup", tabindex: "0", label: "rejects.title"},
      this.canvas,
    );
    const head = COLUMNS.map((name) => h("span", {role: "columnheader", t: `rejects.${name}`}));
    this.table = h(
      "div",
      {role: "table", label: "rejects.title"},
      h("div", {role: "rowgroup"}, h("div.rejects-head", {role: "row"}, ...head)),
      this.scroller,
    );
    this.nothing = h("p.soft.small", {t: "rejects.none", hidden: true});
    this.orders = h("div.row.for-editors", {role: "group", label: "review.date_format", hidden: true});
    this.element = h("div.stack", {}, this.kinds, this.orders, this.table, this.nothing);
    this.redraw = oncePerFrame(() => this.#draw());
    this.scroller.addEventListener("scroll", this.redraw, {passive: true});
    addEventListener("resize", this.redraw);
  }

  /** Whether rows are sought. */
  get isFiltered() {
    return this.filter.value.trim() !== "";
  }

  /** @param {import("./import-model.js").ProblemLine[]} problems They grow, until rows are mended. */
  update(problems, {canMend = this.#canMend} = {}) {
    // Another list: rows were mended, so what is shown of them may differ although they are as many.
    if (problems !== this.#problems || canMend !== this.#canMend) this.#asked = "";
    this.#problems = problems;
    this.#canMend = canMend;
    // The last of a kind was mended: its button is gone, and can let go of nothing.
    if (problems.length && !problems.some((problem) => kindOf(problem) === this.#kind)) this.#kind = "";
    this.filter.placeholder = t("rejects.filter");
    const asked = `${currentLanguage().tag} ${this.#kind} ${this.filter.value}`;
    if (asked !== this.#asked) this.#startFiltering(asked);
    if (this.#filtered === problems.length) return;
    // Only what is new: twenty thousand problems are not searched again for each one that comes.
    const fresh = problems
      .slice(this.#filtered)
      .filter((problem) => !this.#kind || kindOf(problem) === this.#kind);
    this.#shown.push(...filterProblems(fresh, this.filter.value, reasonOf, this.titles));
    this.#filtered = problems.length;
    this.redraw();
  }

  #startFiltering(asked) {
    this.#asked = asked;
    this.#shown = [];
    this.#filtered = 0;
    this.#drawn = "";
    this.#heights.forget();
    this.redraw();
  }

  #draw() {
    const count = this.#shown.length;
    this.table.setAttribute("aria-rowcount", String(count + 1));
    this.table.hidden = count === 0;
    this.nothing.hidden = count > 0;
    this.count.textContent = t("rejects.count", {shown: count, total: this.#problems.length});
    const kinds = kindsOf(this.#problems);
    this.#drawKinds(kinds);
    this.#drawOrders(kinds);
    this.#drawRows(count);
  }

  #drawKinds(kinds) {
    this.kinds.hidden = kinds.length < 2;
    const shown = this.#areAllKindsShown ? kinds : kinds.slice(0, KINDS);
    const counts = kinds.map(({key, count}) => key + count).join();
    const drawn = `${currentLanguage().tag} ${this.#kind} ${shown.length} ${counts}`;
    if (this.kinds.dataset.drawn === drawn) return;
    this.kinds.dataset.drawn = drawn;
    const buttons = shown.map((kind) => this.#kindButton(kind));
    if (shown.length < kinds.length) buttons.push(this.#moreKinds(kinds, shown.length));
    keepingPlace(this.kinds, () => this.kinds.replaceChildren(...buttons));
  }

  #moreKinds(kinds, shown) {
    const show = () => {
      this.#areAllKindsShown = true;
      this.#drawKinds(kinds);
      // The button is gone: go on with the first of what it brought.
      this.kinds.children[shown].focus();
    };
    const left = ["problems.moreKinds", {count: kinds.length - shown}];
    return h("button.chip", {type: "button", t: left, onclick: show});
  }

  #kindButton({key, field, code, message, count}) {
    const choose = () => {
      this.#kind = this.#kind === key ? "" : key;
      this.update(this.#problems);
    };
    const text = `${fieldName(field)} ${generalWords({code, field, message})}`.trim();
    return h(
      "button.chip",
      {type: "button", "data-keep": key, "aria-pressed": String(this.#kind === key), onclick: choose},
      h("b.numbers", {}, number(count)),
      text,
    );
  }

  #drawRows(count) {
    const usual = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
    const width = this.scroller.clientWidth;
    if (width !== this.#width) this.#heights.forget();
    this.#width = width;
    this.#heights.have(count, usual);
    this.#fit(usual);
    const {first, end} = this.#heights.window(this.scroller.scrollTop, this.scroller.clientHeight);
    const drawn = `${first}-${end}-${usual}-${width}-${this.#canMend}`;
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      const rows = this.#shown.slice(first, end).map((problem, at) => this.#row(problem, first + at));
      keepingPlace(this.canvas, () => this.canvas.replaceChildren(...rows));
    }
    this.#placeRows(usual);
    this.onRows(this.#shown.slice(first, end).map(({record}) => record));
  }

  /** Give the scroller, whose rows are out of the flow, the height of what it holds. */
  #fit(usual) {
    this.canvas.style.height = `${this.#heights.total}px`;
    this.scroller.style.height = `${Math.min(ROWS_SEEN * usual, Math.max(this.#heights.total, usual)) + 2}px`;
  }

  /** Put each drawn row where it belongs by the heights that they turned out to have. */
  #placeRows(usual) {
    const heights = this.#heights;
    const {scrollTop} = this.scroller;
    const seen = heights.at(scrollTop);
    const before = heights.top(seen);
    const rows = [...this.canvas.children].map((row) => ({row, at: Number(row.dataset.at)}));
    const measured = rows.map(({row, at}) => ({at, height: row.offsetHeight}));
    // A list that nobody sees has no heights.
    const differ = measured.filter(({at, height}) => height > 0 && heights.measure(at, height));
    if (differ.length) this.#fit(usual);
    for (const {row, at} of rows) row.style.transform = `translateY(${heights.top(at)}px)`;
    // What is looked at stays where it is, whatever the rows above it turned out to be.
    const moved = heights.top(seen) - before;
    if (moved) this.scroller.scrollTop = scrollTop + moved;
    // Rows were less high than they were thought to be: there is room for more.
    if (differ.length) this.redraw();
  }

  /** Titles of rows have come: what is being typed beside them is left alone. */
  showTitles() {
    for (const row of this.canvas.children) {
      const title = this.titles.get(Number(row.dataset.record)) ?? "";
      const shown = row.querySelector(".who");
      if (shown.textContent !== title) shown.textContent = title;
    }
    // Some may be called what is sought.
    if (this.isFiltered) this.#asked = "";
    this.update(this.#problems);
    this.redraw();
  }

  #row(problem, at) {
    const cell = (name, text) => h(`span.${name}`, {role: "cell"}, text);
    const canMend = this.#canMend && isMendable(problem);
    const {line, record} = problem;
    const [who, reason] = ["who", "reason"].map((name) => `rejected-${name}-${at}`);
    return h(
      "div.rejects-row",
      {role: "row", "aria-rowindex": String(at + 2), "data-line": line, "data-record": record, "data-at": at},
      h(
        "span.which",
        {role: "cell"},
        h("span.numbers", {}, String(line)),
        // A blank between them, for those who listen and those who copy.
        " ",
        h("span.who", {id: who}, this.titles.get(record) ?? ""),
      ),
      cell("name", fieldName(problem.field)),
      h("span.reason", {role: "cell", id: reason}, reasonOf(problem)),
      canMend ? this.#input(problem, `${reason} ${who}`) : cell(...valueOf(problem)),
      canMend ? this.#offers(problem) : cell("suggestion", offerText(problem, problem.suggestion ?? "")),
    );
  }

  /** @param {string} about Ids of what says what is wrong, and with which event. */
  #input(problem, about) {
    const {record, field, value} = problem;
    const mended = this.repairs.of(problem);
    const input = h("input.mono", {
      value: mended ?? value ?? "",
      "data-keep": `${record} ${field}`,
      "data-mended": mended !== undefined,
      "aria-label": cellName(problem),
      "aria-describedby": about,
      // Whether what was typed is right, the server says.
      "aria-invalid": mended === undefined && "true",
      oninput: () => {
        this.repairs.set(problem, input.value);
        input.dataset.mended = "";
        input.removeAttribute("aria-invalid");
        this.onMended();
      },
      onpaste: (event) => {
        if (WITH_LINES.includes(problem.field)) return;
        const cells = columnIn(event.clipboardData?.getData("text/plain") ?? "");
        if (!cells.length) return;
        event.preventDefault();
        this.#spread(problem, cells);
      },
    });
    return h("span.value", {role: "cell"}, input);
  }

  /** Put a column of cells into this one and those of its field below it. */
  #spread(problem, cells) {
    const below = this.#shown.slice(this.#shown.indexOf(problem)).filter(isMendable);
    const own = below.filter(({field}) => field === problem.field);
    const rows = [...new Map(own.map((one) => [one.record, one])).values()];
    for (const [at, one] of rows.slice(0, cells.length).entries())
      if (cells[at]) this.repairs.set(one, cells[at]);
    this.#mended();
    const left = cells.length - rows.length;
    if (left > 0) toast(t("rejects.pasteLeft", {count: left}));
  }

  #offers(problem) {
    const like = countLike(problem, this.#problems);
    const offers = offersOf(problem).flatMap((text, at) => this.#offer(problem, {text, at, like}));
    return h("span.suggestion", {role: "cell"}, ...offers);
  }

  /** The button of one offer, and one for all problems that it suits. */
  #offer(problem, {text, at, like}) {
    const {code, record, field} = problem;
    const keep = `${record} ${field} ${at}`;
    const isReading = code === "ambiguous_date";
    // Beginning with what is seen: who speaks to the page says that.
    const named = `${offerText(problem, text)}, ${cellName(problem)}`;
    const one = () => (this.repairs.set(problem, text), this.#mended());
    const all = () => (this.repairs.takeAllLike(problem, this.#problems, at), this.#mended());
    return [
      h(
        "button.quiet",
        {type: "button", title: text, "aria-label": named, "data-keep": keep, onclick: one},
        offerText(problem, text),
      ),
      // Orders of dates are taken for all above the rows: two more buttons have no room here.
      like > 1 &&
        !isReading &&
        h("button.quiet", {
          type: "button",
          t: ["rejects.takeAll", {count: like}],
          "aria-label": `${t("rejects.takeAll", {count: like})}: ${named}`,
          "data-keep": `${keep} all`,
          onclick: all,
        }),
    ];
  }

  /** Where dates may be read in two orders: a button for each, which mends all of them. */
  #drawOrders(kinds) {
    const kind = kinds.find(({code}) => code === "ambiguous_date");
    this.orders.hidden = !kind || !this.#canMend;
    if (!kind || this.orders.dataset.count === String(kind.count)) return;
    this.orders.dataset.count = String(kind.count);
    const order = (key, at) => {
      const take = () => {
        const one = this.#problems.find(({field, code}) => field === kind.field && code === kind.code);
        if (one) this.repairs.takeAllLike(one, this.#problems, at);
        this.#mended();
      };
      return h("button", {type: "button", t: [key, {count: kind.count}], onclick: take});
    };
    this.orders.replaceChildren(order("rejects.dayFirst", 0), order("rejects.monthFirst", 1));
  }

  #mended() {
    this.#drawn = "";
    this.redraw();
    this.onMended();
  }

  /**
   * Put the keyboard on the first cell that can be mended, of this record and those after it.
   *
   * @param {number} record
   * @returns {boolean} Whether there is one.
   */
  focus(record) {
    const first = this.#shown.findIndex((one) => one.record >= record && isMendable(one));
    this.#draw();
    if (first >= 0) {
      this.scroller.scrollTop = this.#heights.top(first);
      this.#draw();
    }
    const {record: at, field} = this.#shown[first] ?? {};
    const own = first >= 0 && this.canvas.querySelector(`[data-keep="${CSS.escape(`${at} ${field}`)}"]`);
    const cell = own || this.canvas.querySelector("input");
    cell?.focus({preventScroll: Boolean(own)});
    return cell !== null;
  }
}

/** What a cell is called: its field, and the line of its row. */
const cellName = ({line, field}) => t("rejects.cell", {line, field: fieldName(field)});

/** What stands where a cell would be: of a row that is cut wrongly, that it is mended in the file. */
const valueOf = (problem) =>
  isCutWrongly(problem) ? ["value", t("rejects.inFile")] : ["value.mono", problem.value ?? ""];
