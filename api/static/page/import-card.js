import {call, get, post} from "./api.js";
import {confirmed} from "./confirm.js";
import {followOne, listen} from "./live.js";
import {h, oncePerFrame} from "./dom.js";
import {hasRowsIn, rowsIn, statusOf} from "./import-status.js";
import {importFigures} from "./import-figures.js";
import {ImportModel} from "./import-model.js";
import {refusalWords} from "./import-refusals.js";
import {ImportRepair} from "./import-repair.js";
import {isKnown, say, t} from "./i18n.js";
import {logWords} from "./server-words.js";
import {faultText, moreOf, reasonOf} from "./problem-words.js";
import {announce, toast, toastFault} from "./tell.js";

/** One import, watched: its state, its figures, its rejected rows, what can be done with it. */
export class ImportCard {
  #feed;
  #upload = null;
  #looking = null;
  /** Ends with the card: what is asked about it, and what is waited for. */
  #gone = new AbortController();
  #stopListening;

  /**
   * @param {string} id
   * @param {{filename?: string, isOver?: boolean, isWhole?: boolean, onOver: () => void, onClose: () => void,
   *   onResume: () => void, onOpen: (id: string) => void}} about `isOver`: nothing more comes, its feed need
   *   not be read; `isWhole`: the server has all of the file; `onOpen`: another import is to be shown.
   */
  constructor(id, {filename = id, isOver = false, isWhole = false, onOver, onClose, onResume, onOpen}) {
    this.model = new ImportModel(id);
    this.model.isWhole = isWhole;
    /** @type {File | null} The file being sent, while this page has it. */
    this.file = null;
    this.on = {over: onOver, close: onClose, resume: onResume, open: onOpen};
    this.#build(filename);
    this.paint = oncePerFrame(() => this.#paint());
    this.#feed = isOver ? null : followOne(`upload/${id}`, (message) => this.#take(message));
    // Rows are mended, and imports undone, from other pages too, long after their feeds have ended.
    this.#stopListening = listen(["eventos"], {
      onMessage: ({upload_id: about}) => about === id && this.model.hasEnded && this.#lookAgain(),
      onReset: () => this.model.hasEnded && this.#lookAgain(),
    });
    this.onLanguage = () => this.#paint();
    document.addEventListener("language", this.onLanguage);
    this.paint();
  }

  close() {
    this.#gone.abort();
    const count = this.repair.waiting;
    if (count) toast(t("rejects.kept", {count, name: this.name.textContent}));
    this.#feed?.close();
    this.#stopListening();
    clearTimeout(this.#looking);
    document.removeEventListener("language", this.onLanguage);
    this.element.remove();
  }

  #build(filename) {
    this.name = h("h2", {tabindex: "-1"}, filename);
    this.chip = h("span.chip");
    this.figures = importFigures();
    this.fault = h("div.alert", {role: "alert", hidden: true});
    this.warnings = h("ul.small.soft");
    this.repair = new ImportRepair(this.model, {
      onChange: () => this.paint(),
      onSent: () => this.on.over(),
      onAllIn: () => this.name.focus(),
      onStale: () => void this.loadDetails().catch(toastFault),
    });
    this.actions = this.#buildActions();
    this.element = h(
      "article.card.stack",
      {"data-upload": this.model.id},
      h("div.card-head", {}, this.name, this.chip),
      ...this.figures.elements,
      this.fault,
      this.warnings,
      this.repair.element,
      this.actions.element,
    );
  }

  #buildActions() {
    const cancel = h("button.danger.for-editors", {
      type: "button",
      t: "watch.cancel",
      onclick: () => this.#cancel(),
    });
    const undo = h("button.danger.for-editors", {
      type: "button",
      t: "watch.undo",
      hidden: true,
      onclick: () => this.#undo(),
    });
    const resume = h("button.primary.for-editors", {
      type: "button",
      t: "watch.resume",
      hidden: true,
      onclick: () => this.on.resume(),
    });
    const another = h("button", {
      type: "button",
      t: "watch.another",
      hidden: true,
      onclick: () => this.on.close(),
    });
    const origin = h("button.primary", {
      type: "button",
      t: "watch.origin",
      hidden: true,
      onclick: () => this.on.open(this.model.origin),
    });
    const element = h("div.row", {}, resume, origin, another, cancel, undo);
    return {cancel, undo, resume, another, origin, element};
  }

  /** Whether it may make room for another: over, with nothing mended that has not been sent. */
  get isDone() {
    return this.model.isOver && this.repair.isClean;
  }

  /** Bytes that have left the browser. */
  sent(done, total) {
    Object.assign(this.model, {sent: done, sentTotal: total});
    this.paint();
  }

  /** The upload, or its rest, is on its way; it is stopped along with the import. */
  sending(upload) {
    this.#upload = upload;
    this.model.status = "receiving";
    this.paint();
  }

  /** The upload broke off, or was refused before the feed could say so. */
  refused(fault, {resumed = false} = {}) {
    if (this.model.isOver) return;
    // The server had more than it seemed, or somebody else sends the rest: it knows best.
    if (resumed && fault.status === 409) return void this.loadDetails().catch(toastFault);
    this.model.status = fault.status ? "failed" : "interrupted";
    this.model.error = fault.status ? {...fault, message: fault.detail} : null;
    this.paint();
  }

  /** Feeds tell of rows, not of states: after a hint ask for the state, at most once a second. */
  #lookAgain() {
    this.#looking ??= setTimeout(() => {
      this.#looking = null;
      void this.loadDetails().catch(() => this.#isUndoing && this.#lookAgain());
    }, 1000);
  }

  get #isUndoing() {
    return this.model.status === "undoing" && !this.#gone.signal.aborted;
  }

  async loadDetails() {
    await this.load(await get(`/uploads/${this.model.id}`));
  }

  /** @param {any} details Of the import, as the server answers them. */
  async load(details) {
    this.model.load(details);
    if (details.filename) this.name.textContent = details.filename;
    if (this.model.hasEnded) await this.repair.loadRest();
    this.paint();
    if (this.#isUndoing) this.#lookAgain();
  }

  #take(message) {
    this.model.take(message);
    this.paint();
    if (this.model.status === "interrupted" || message.level === "warning") this.#lookAgain();
    if (message.type === "finished") void this.#finished(message);
    else announce("watch.announce", {rows: this.model.rows, rejected: this.model.rejected});
  }

  async #finished({accepted, rejected, rows}) {
    announce("watch.done", {accepted, rejected, rows: rows ?? accepted + rejected}, {important: true});
    this.on.over();
    // The feed warns in sentences; what the server keeps of an import has codes, which have words here.
    await this.loadDetails().catch(toastFault);
  }

  async #cancel() {
    this.#upload?.abort();
    await call("POST", `/uploads/${this.model.id}/cancel`).catch((fault) => this.#refused("cancel", fault));
  }

  /** Somebody was there first: the card learns what the import is now. */
  async #refused(act, fault) {
    toast(refusalWords(act, fault));
    if (fault.status === 409) await this.loadDetails().catch(toastFault);
  }

  async #undo() {
    const question = this.model.outcomes.updated ? "watch.undoSureUpdated" : "watch.undoSure";
    const name = this.name.textContent;
    if (!(await confirmed(question, {name}, {action: "watch.undo", signal: this.#gone.signal}))) return;
    // The button goes with what it undid.
    this.name.focus();
    try {
      const {undone} = await post(`/uploads/${this.model.id}/undo`);
      this.model.status = "undone";
      toast(undoneWords(undone));
      this.paint();
      this.on.over();
    } catch (fault) {
      await this.#refused("undo", fault);
    }
  }

  #paint() {
    const {model} = this;
    const {state, key, params} = statusOf(model);
    this.chip.dataset.state = state;
    say(this.chip, key, params);
    this.figures.paint(model);
    this.#paintEnd(model);
    this.repair.paint();
  }

  #paintEnd(model) {
    const {cancel, undo, another, resume, origin} = this.actions;
    const isCut = model.status === "interrupted";
    cancel.hidden = model.hasEnded;
    undo.hidden = !hasRowsIn(model);
    another.hidden = !model.hasEnded && !isCut;
    origin.hidden = !model.isOver || !model.origin;
    resume.hidden = !isCut;
    say(resume, this.file ? "watch.resume" : "watch.resumeWith");
    this.#paintFault(
      isCut
        ? [t(this.file && !model.sent ? "watch.notSent" : "watch.interrupted"), ""]
        : model.error && [faultTitle(model.error), model.error.status ? "" : moreOf(model.error)],
    );
    const shown = model.warnings.slice(-8).map(warningText);
    if (model.isDryRun && model.status !== "failed") shown.unshift(t("watch.dryRun"));
    if (model.origin && model.isOver) shown.unshift(...wentBack(model));
    else if (model.status === "cancelled")
      shown.unshift(hasRowsIn(model) ? t("watch.stay", {count: rowsIn(model)}) : t("watch.noneStay"));
    if (model.isAtomic && model.status === "failed") shown.unshift(t("watch.atomicFailed"));
    this.warnings.replaceChildren(...shown.map((message) => h("li", {}, message)));
  }

  /** An alert speaks whenever it is written: only a new fault is. */
  #paintFault(fault) {
    this.fault.hidden = !fault;
    const text = (fault ?? []).join("\n");
    if (this.fault.dataset.text === text) return;
    this.fault.dataset.text = text;
    this.fault.replaceChildren(h("strong", {}, fault?.[0] ?? ""), h("span", {}, fault?.[1] ?? ""));
  }
}

/** A warning in the reader's language; the server's sentence where there are no words for it. */
function warningText({code, message, params, count = params?.count ?? 0, names = params?.names ?? []}) {
  const key = `warning.${code}`;
  return isKnown(key) ? t(key, {count, names: names.join(", ")}) : logWords({code, message, params});
}

/** What became of rows that were given back to their import. */
const wentBack = ({accepted, rejected, outcomes: {skipped = 0}}) => [
  t("watch.wentBack", {count: accepted - skipped}),
  ...(skipped ? [t("watch.thereAlready", {count: skipped})] : []),
  ...(rejected ? [t("watch.stillThere", {count: rejected})] : []),
];

/** Why it failed: as its end tells it, or of a call that was refused before its feed could. */
const faultTitle = (error) => (error.status ? faultText(error) : reasonOf(error) || t("state.failed"));

/** What an undo did: only what it did. @param {Record<string, number>} undone */
function undoneWords(undone) {
  const what = ["deleted", "restored", "kept"]
    .filter((name) => undone[name])
    .map((name) => t(`watch.undone.${name}`, {count: undone[name]}));
  return what.length ? t("watch.undone", {what: what.join(", ")}) : t("watch.undone.nothing");
}
