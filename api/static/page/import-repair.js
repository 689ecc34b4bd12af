import {get, post, query} from "./api.js";
import {h} from "./dom.js";
import {refusalWords} from "./import-refusals.js";
import {ENDED} from "./import-status.js";
import {PREFIX} from "./server.js";
import {RejectedTable} from "./rejected-table.js";
import {Repairs} from "./repairs.js";
import {currentLanguage, say, t} from "./i18n.js";
import {announce, toast, toastFault} from "./tell.js";
import {askBeforeLeaving} from "./unsaved.js";

/** Rows whose titles are asked for at once: more than are on screen; where all are wanted, the most. */
const TITLES_ASKED = 100;
const TITLES_MAX = 500;

/** The key that sends from within a cell, as the keyboard of this machine calls it. */
const SEND_KEY = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";

/**
 * What was typed into the rejected rows of each import, for the life of the page: who looks at another one,
 * or imports another file, finds it again.
 *
 * @type {Map<string, Repairs>}
 */
const kept = new Map();

/** @param {string} id Of an import. @returns {Repairs} */
function repairsOf(id) {
  const repairs = kept.get(id) ?? new Repairs();
  kept.set(id, repairs);
  return repairs;
}

askBeforeLeaving(() => [...kept.values()].some(({rows}) => rows > 0));

/** The rejected rows of an import: seen, mended in place, and sent again. */
export class ImportRepair {
  #model;
  #isNaming = false;
  #isSeeking = false;
  /** So many mended rows wait, as was last said. */
  #said = 0;
  /** The rows are being read. @type {Promise<void> | null} */
  #reading = null;

  /**
   * @param {import("./import-model.js").ImportModel} model
   * @param {{onChange: () => void, onSent: () => void, onAllIn: () => void, onStale: () => void}} on
   *   `onChange`: the model has other figures; `onAllIn`: the keyboard has nowhere to be; `onStale`: the
   *   import is not what it was.
   */
  constructor(model, on) {
    this.#model = model;
    this.on = on;
    this.repairs = repairsOf(model.id);
    this.table = new RejectedTable(this.repairs, {
      titles: model.titles,
      onMended: () => this.#paintButton(),
      onRows: (records) => void this.#nameRows(records),
      onFilter: () => void this.#nameAll(),
    });
    this.more = h("p.small.soft", {hidden: true});
    this.button = h("button.primary", {
      type: "button",
      "aria-keyshortcuts": "Control+Enter Meta+Enter",
      onclick: () => this.#send().catch((fault) => this.#refused(fault)),
    });
    // Before the rows: behind them it would be as many keys away as there are cells.
    this.bar = h(
      "div.row.rejects-send.for-editors",
      {hidden: true},
      this.button,
      h("span.small.soft.by-keyboard", {t: ["rejects.sendKey", {key: SEND_KEY}]}),
    );
    this.table.table.before(this.bar);
    this.table.table.addEventListener("keydown", (event) => this.#sendByKey(event));
    this.download = h("a.button", {download: "", t: "rejects.download"});
    this.element = h(
      "section.rejects",
      {hidden: true},
      h("div.row", {}, h("h3", {t: "rejects.title"}), this.table.count, this.table.filter, this.download),
      this.table.element,
      this.more,
    );
  }

  /** Whether nothing is mended that has not been sent. */
  get isClean() {
    return this.waiting === 0;
  }

  /** How many rows are mended that have not been sent. */
  get waiting() {
    return this.#canMend ? this.repairs.rows : 0;
  }

  /**
   * Whether rejected rows can be sent again: not those of a check, nor of an import that was undone. Rows
   * that came back and failed again wait in the import that they came from.
   */
  get #canMend() {
    return ENDED.includes(this.#model.status) && !this.#model.isDryRun && !this.#model.origin;
  }

  paint() {
    const model = this.#model;
    // Nothing can become of what was typed.
    if (["undoing", "undone"].includes(model.status)) this.repairs.forgetAll();
    this.element.hidden = model.rejected === 0;
    const {lang} = currentLanguage().files;
    this.download.hidden = Boolean(model.origin);
    this.download.href = `${PREFIX}/api/v1/uploads/${model.id}/rejected${query({lang})}`;
    if (model.rejected) this.table.update(model.problems, {canMend: this.#canMend});
    this.#paintButton();
    this.more.hidden = !model.isFull;
    this.more.textContent = t("rejects.more", {
      shown: model.rejected - model.rowsNotShown,
      total: model.rejected,
    });
  }

  #paintButton() {
    this.bar.hidden = this.isClean;
    const count = this.waiting;
    if (count) say(this.button, "rejects.send", {count});
    if (count && count !== this.#said) announce("rejects.ready", {count, key: SEND_KEY}, {important: true});
    this.#said = count;
  }

  /** Ctrl and Enter send, as in other forms of many cells: Enter alone belongs to the cell. */
  #sendByKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || this.bar.hidden) return;
    event.preventDefault();
    this.button.click();
  }

  /** The feed tells the first thousand rejected rows; the rest is asked for. */
  loadRest() {
    return (this.#reading = this.#loadRest());
  }

  async #loadRest() {
    const model = this.#model;
    const {listing} = model;
    let cursor = "";
    while (model.rowsNotShown > 0 && !model.isFull && cursor !== null) {
      const page = await get(`/uploads/${model.id}/errors${query({limit: 500, cursor})}`);
      // They are being read anew: this page of them would be a part of two.
      if (model.listing !== listing) return;
      page.items.forEach((row) => model.addProblems(row));
      cursor = page.next;
      this.on.onChange();
    }
    if (model.isOver) this.repairs.keepOnly(model.problems);
    // Only now are the columns known, by which rows are called and sought.
    this.table.showTitles();
    if (this.table.isFiltered) void this.#nameAll();
  }

  /** Ask what rows are called that are looked at and have no title yet. @param {number[]} records */
  async #nameRows(records) {
    const first = this.#unnamed(records);
    if (this.#isNaming || first === undefined) return;
    this.#isNaming = true;
    try {
      await this.#nameFrom(first, TITLES_ASKED);
    } catch {
      // A title helps, but nothing waits for it: it is asked for again with the next rows.
      return;
    } finally {
      this.#isNaming = false;
    }
    this.table.showTitles();
  }

  /** Ask what all rows are called that the page has: somebody seeks one of them. */
  async #nameAll() {
    if (this.#isSeeking) return;
    this.#isSeeking = true;
    const records = () => this.#model.problems.map(({record}) => record);
    try {
      for (let first; (first = this.#unnamed(records())) !== undefined; this.table.showTitles())
        await this.#nameFrom(first, TITLES_MAX);
    } catch (fault) {
      // Until then it seems as if there were no such row.
      toastFault(fault);
    } finally {
      this.#isSeeking = false;
    }
  }

  /** The first of some rows that is not named, while names can be told. @returns {number | undefined} */
  #unnamed(records) {
    const model = this.#model;
    if (!model.columns || !model.isOver) return undefined;
    return records.find((record) => !model.titles.has(record));
  }

  /** Name the rejected rows from one on. */
  async #nameFrom(first, limit) {
    const model = this.#model;
    const page = await get(`/uploads/${model.id}/errors${query({limit, cursor: first - 1})}`);
    page.items.forEach((row) => model.nameRow(row));
    // It is not rejected any more.
    if (!model.titles.has(first)) model.titles.set(first, "");
  }

  #refused(fault) {
    toast(refusalWords("correct", fault));
    if (fault.status === 409) this.on.onStale();
  }

  /** Send what was mended: what passes joins this import, what does not is told again. */
  async #send() {
    const held = placeOf(this.element);
    this.button.disabled = true;
    let sent = null;
    try {
      // Rows that are being read, or were sent before this import was left and opened again, may not be
      // rejected any more.
      await Promise.allSettled([this.#reading, this.repairs.sending]);
      if (this.repairs.rows) sent = await (this.repairs.sending = this.#sendAll());
    } finally {
      this.button.disabled = false;
      this.on.onChange();
    }
    if (sent) this.#tellSent(sent, held);
  }

  /** @returns {Promise<{accepted: number, rejected: number, firstLeft: number}>} `firstLeft`: its record. */
  async #sendAll() {
    let accepted = 0;
    let rejected = 0;
    let firstLeft = Infinity;
    for (const rows of this.repairs.requests()) {
      const records = rows.map(({record}) => record);
      const answer = await post(`/uploads/${this.#model.id}/repairs`, {json: {rows}});
      accepted += answer.accepted;
      rejected += answer.rejected;
      rows.forEach((row) => this.repairs.sent(row, answer.errors));
      this.#model.repaired(answer.upload, records, answer.errors);
      firstLeft = Math.min(firstLeft, ...answer.errors.map(({record}) => record));
    }
    return {accepted, rejected, firstLeft};
  }

  #tellSent({accepted, rejected, firstLeft}, held) {
    toast(rejected ? t("rejects.stillOut", {accepted, rejected}) : t("rejects.repaired", {count: accepted}));
    this.on.onSent();
    this.paint();
    if (held) this.#goOn(held, rejected ? firstLeft : held.record);
  }

  /**
   * The button that was pressed, or the cell that was mended, is gone: go on with what is left, or with the
   * card where nothing is. Who went to another cell meanwhile stays there.
   */
  #goOn(held, record) {
    const now = placeOf(this.element);
    const isElsewhere = now ? now.keep !== held.keep : document.activeElement !== document.body;
    if (isElsewhere) return;
    const isLeft = this.#model.rejected > 0 && record !== null;
    if (!isLeft || !this.table.focus(record)) this.on.onAllIn();
  }
}

/** What has the keyboard here, and the record of its row; null where it is elsewhere. */
function placeOf(element) {
  const {activeElement} = document;
  if (!element.contains(activeElement)) return null;
  const row = activeElement.closest("[data-record]");
  return {keep: activeElement.dataset.keep ?? "", record: row ? Number(row.dataset.record) : null};
}
