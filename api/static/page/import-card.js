import {call, get, post, query} from "./api.js";
import {bytes, duration} from "./format.js";
import {connect} from "/client/fasttrack.js";
import {h, oncePerFrame} from "./dom.js";
import {ImportModel} from "./import-model.js";
import {isKnown, number, say, t} from "./i18n.js";
import {RejectedTable} from "./rejected-table.js";
import {announce, faultText, toast, toastFault} from "./tell.js";

const FIGURES = ["rows", "accepted", "rejected", "rate", "left"];

/** One import, watched: bars, figures, rejected rows, what can be done with it. */
export class ImportCard {
  #feed;
  #upload = null;
  #looking = null;

  /**
   * @param {string} id
   * @param {{filename?: string, onOver: () => void, onClose: () => void, onResume: () => void}} about
   */
  constructor(id, {filename = id, onOver, onClose, onResume}) {
    this.model = new ImportModel(id);
    /** @type {File | null} The file being sent, while this page has it. */
    this.file = null;
    this.on = {over: onOver, close: onClose, resume: onResume};
    this.#build(filename);
    this.paint = oncePerFrame(() => this.#paint());
    this.#feed = connect(`upload/${id}`, {remember: false, onMessage: (message) => this.#take(message)});
    this.onLanguage = () => this.#paint();
    document.addEventListener("language", this.onLanguage);
    this.paint();
  }

  close() {
    this.#feed.close();
    clearTimeout(this.#looking);
    document.removeEventListener("language", this.onLanguage);
    this.element.remove();
  }

  #build(filename) {
    this.name = h("h2", {}, filename);
    this.chip = h("span.chip");
    this.bytesBar = bar("watch.bytes");
    this.rowsBar = bar("watch.rows");
    this.figures = Object.fromEntries(FIGURES.map((name) => [name, h("dd", {}, "–")]));
    this.leftName = h("dt", {t: "watch.left"});
    this.last = h("p.last-line");
    this.fault = h("div.alert", {role: "alert", hidden: true});
    this.more = h("p.small.soft", {hidden: true});
    this.warnings = h("ul.small.soft");
    this.table = new RejectedTable();
    this.rejects = this.#buildRejects();
    this.actions = this.#buildActions();
    this.element = h("article.card.stack", {"data-upload": this.model.id},
      h("div.card-head", {}, this.name, this.chip), h("div.bars", {}, this.bytesBar.element, this.rowsBar.element),
      h("dl.figures", {}, ...FIGURES.map((name) => this.#figure(name))), this.last, this.fault, this.warnings, this.rejects, this.actions.element);
  }

  #figure(name) {
    const tone = {accepted: ".good", rejected: ".bad"}[name] ?? "";
    const title = name === "left" ? this.leftName : h("dt", {t: `watch.${name}`});
    return h(`div.figure${tone}`, {"data-figure": name}, title, this.figures[name]);
  }

  #buildRejects() {
    const href = `/api/v1/uploads/${this.model.id}/rejected.csv`;
    return h("section.rejects", {hidden: true},
      h("div.row", {}, h("h3", {t: "rejects.title"}), this.table.count, this.table.filter,
        h("a.button", {href, download: "rejected.csv", t: "rejects.download"})),
      this.table.element, this.more);
  }

  #buildActions() {
    const cancel = h("button.danger.for-editors", {type: "button", t: "watch.cancel", onclick: () => this.#cancel()});
    const undo = h("button.danger.for-editors", {type: "button", t: "watch.undo", hidden: true, onclick: () => this.#undo()});
    const resume = h("button.primary.for-editors", {type: "button", t: "watch.resume", hidden: true, onclick: () => this.on.resume()});
    const another = h("button", {type: "button", t: "watch.another", hidden: true, onclick: () => this.on.close()});
    return {cancel, undo, resume, another, element: h("div.row", {}, resume, another, cancel, undo)};
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
    this.model.error = fault.status ? {code: fault.code, message: fault.detail ?? faultText(fault)} : null;
    this.paint();
  }

  /** The feed tells of rows, not of states: after a hint ask for the state, at most once a second. */
  #lookAgain() {
    this.#looking ??= setTimeout(() => {
      this.#looking = null;
      void this.loadDetails().catch(() => {});
    }, 1000);
  }

  async loadDetails() {
    const details = await get(`/uploads/${this.model.id}`);
    this.model.load(details);
    if (details.filename) this.name.textContent = details.filename;
    if (this.model.isOver) await this.#loadRejected();
    this.paint();
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
    await this.#loadRejected().catch(toastFault);
  }

  /** The feed tells the first thousand rejected rows; the rest is asked for. */
  async #loadRejected() {
    let cursor = "";
    while (this.model.rowsNotShown > 0 && !this.model.isFull && cursor !== null) {
      const page = await get(`/uploads/${this.model.id}/errors${query({limit: 500, cursor})}`);
      page.items.forEach(({line, errors}) => this.model.addProblems(line, errors));
      cursor = page.next;
      this.paint();
    }
  }

  async #cancel() {
    this.#upload?.abort();
    await call("POST", `/uploads/${this.model.id}/cancel`).catch(toastFault);
  }

  async #undo() {
    if (!confirm(t("watch.undoSure"))) return;
    try {
      const {undone} = await post(`/uploads/${this.model.id}/undo`);
      this.model.status = "undone";
      toast(t("watch.undone", {deleted: undone.deleted, kept: undone.kept}));
      this.paint();
      this.on.over();
    } catch (fault) {
      toastFault(fault);
    }
  }

  #paint() {
    const {model} = this;
    this.chip.dataset.state = model.status;
    say(this.chip, `state.${model.status}`);
    this.#paintBars(model);
    this.#paintFigures(model);
    this.#paintEnd(model);
    this.#paintRejects(model);
  }

  #paintRejects(model) {
    this.rejects.hidden = model.rejected === 0;
    if (model.rejected) this.table.update(model.problems);
    this.more.hidden = !model.isFull;
    this.more.textContent = t("rejects.more", {shown: model.rejected - model.rowsNotShown, total: model.rejected});
  }

  #paintBars({sent, sentTotal, bytes: read, totalBytes, progress}) {
    const total = sentTotal || totalBytes || 0;
    const done = sentTotal ? sent : read;
    this.bytesBar.show(total ? (100 * done) / total : 0, t("watch.of", {done: bytes(done), total: bytes(total)}));
    this.rowsBar.show(progress, `${number(Math.floor(progress))} %`);
  }

  #paintFigures(model) {
    this.figures.rows.textContent = number(model.rows);
    this.figures.accepted.textContent = number(model.accepted);
    this.figures.rejected.textContent = number(model.rejected);
    this.figures.rate.textContent = model.rowsPerSecond === null ? "–" : number(Math.round(model.rowsPerSecond));
    this.figures.left.textContent = duration(model.isOver ? model.seconds : model.secondsLeft);
    say(this.leftName, model.isOver ? "watch.took" : "watch.left");
    const note = model.isOver ? "" : model.line ? t("watch.line", {line: model.line, title: model.title}) : model.note ?? "";
    this.last.textContent = note || "\u00a0";
    this.last.hidden = model.isOver;
  }

  #paintEnd(model) {
    const {cancel, undo, another, resume} = this.actions;
    const isCut = model.status === "interrupted";
    cancel.hidden = model.isOver;
    undo.hidden = model.status !== "completed" || model.accepted === 0 || Boolean(model.options.dry_run);
    another.hidden = !model.isOver && !isCut;
    resume.hidden = !isCut;
    say(resume, this.file ? "watch.resume" : "watch.resumeWith");
    this.#paintFault(isCut ? [t("watch.interrupted"), ""] : model.error && [faultTitle(model.error), model.error.message]);
    const shown = model.warnings.slice(-5).map(({message}) => message);
    if (model.options.dry_run) shown.unshift(t("watch.dryRun"));
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

const faultTitle = ({code}) => (isKnown(`error.${code}`) ? t(`error.${code}`) : t("state.failed"));

function bar(key) {
  const name = h("span", {t: key});
  const amount = h("span.soft.numbers");
  const gauge = h("progress", {max: "100", value: "0", label: key});
  const show = (percent, text) => {
    gauge.value = percent;
    amount.textContent = text;
  };
  return {element: h("div", {}, h("div.bar-head", {}, name, amount), gauge), show};
}
