import {addressOf, go, isInFront, replaceAddress} from "./router.js";
import {bytes} from "./format.js";
import {call, get, query, sendFile, stageAddress, startImport, untilAnswered} from "./api.js";
import {dropzone} from "./dropzone.js";
import {h} from "./dom.js";
import {history} from "./history.js";
import {refusalWords} from "./import-refusals.js";
import {hasEnded} from "./import-status.js";
import {ImportCard} from "./import-card.js";
import {memoryIn} from "/client/choice.js";
import {offer, onFiles} from "./drop-anywhere.js";
import {ReviewStep} from "./review-step.js";
import {sampleFile} from "./sample-file.js";
import {t} from "./i18n.js";
import {announce, toast, toastFault} from "./tell.js";
import {askBeforeLeaving} from "./unsaved.js";

/** The import that this tab watches or reviews, kept over a reload. */
const watched = memoryIn(() => sessionStorage, "fasttrack.watched");

/** The view in which a file is dropped, reviewed and watched. */
export class ImportView {
  /** @type {ImportCard | null} */
  #card = null;
  /** @type {ReviewStep | null} */
  #review = null;
  /** Files that wait for their turn. @type {File[]} */
  #queue = [];
  /** @type {{done: Promise<any>, abort: () => void} | null} */
  #sending = null;
  /** The import that was asked for last. */
  #opening = "";
  /** Imports that this page has asked to begin: each settles when the server has answered. */
  #starting = new Map();
  /** The import that somebody is cancelling. */
  #leaving = "";

  /** Imports whose start is not answered yet. @type {Set<string>} */
  #underWay = new Set();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.zone = dropzone({onFiles: offer, onSample: () => offer([sampleFile()])});
    this.stage = h("div.stack");
    this.waiting = h("p.soft.small", {role: "status", hidden: true});
    this.history = history((id) => go(addressOf("import", {id})));
    const head = h(
      "div.view-head",
      {},
      h("div", {}, h("h1", {t: "import.title"}), h("p.for-editors", {t: "import.lead"})),
    );
    root.append(head, this.zone, this.waiting, this.stage, this.history.element);
    onFiles((files) => this.#add(files));
    askBeforeLeaving(() => this.#queue.length > 0);
  }

  /** @param {import("./router.js").Route} route */
  show({id}) {
    this.history.reload();
    // Whoever has gone back does not wait for the other any more.
    if (id && id === this.#shown) this.#opening = "";
    if (id && id !== this.#shown) return void this.#open(id);
    if (!id && !this.#shown && watched.load()) return void this.#open(watched.load());
    // Back from another view: what was being looked at is still there.
    if (!id && this.#shown) replaceAddress(addressOf("import", {id: this.#shown}));
  }

  get #shown() {
    return this.#card?.model.id ?? this.#shownReview?.id ?? null;
  }

  /** An import that exists: a staged one is reviewed, any other watched. */
  async #open(id) {
    this.#opening = id;
    const details = await this.#details(id).catch((fault) => {
      toastFault(fault);
      this.#clear();
      replaceAddress("#import");
    });
    if (!details || this.#opening !== id) return;
    if (details.status === "staged") this.#startReview(id, details.filename);
    else
      this.#watch(id, {filename: details.filename, isOver: hasEnded(details)})
        .load(details)
        .catch(toastFault);
  }

  /** @returns {Promise<any>} Null where another one was asked for meanwhile. */
  #details(id) {
    const ask = async () => (await call("GET", `/uploads/${encodeURIComponent(id)}`)).body;
    return untilAnswered(ask, {isWanted: () => this.#opening === id});
  }

  #add(files) {
    // What is chosen over a file that cannot be read takes its place.
    if (this.#review?.isOver) this.#queue.unshift(...files);
    else this.#queue.push(...files);
    if (!this.#isBusy) this.#next();
    this.#showQueue();
  }

  /** A file is sent or reviewed, an import runs, or cells were mended that have not been sent. */
  get #isBusy() {
    return Boolean(this.#sending || this.#shownReview || (this.#card && !this.#card.isDone));
  }

  /** A review of a file that can be read: of another one nothing is left to decide. */
  get #shownReview() {
    return this.#review?.isOver ? null : this.#review;
  }

  #next() {
    const file = this.#queue.shift();
    this.#showQueue();
    if (file) void this.#stageFile(file).catch((fault) => this.#failed(fault));
  }

  #showQueue() {
    this.waiting.hidden = this.#queue.length === 0;
    this.waiting.textContent = t("import.queue", {
      count: this.#queue.length,
      names: this.#queue.map(({name}) => name).join(", "),
    });
  }

  /** Send the bytes once; everything else reads them where they are. */
  async #stageFile(file) {
    this.#clear();
    this.zone.hidden = true;
    const id = newId();
    const gauge = h("progress", {max: "100", value: "0", label: "watch.bytes"});
    const amount = h("span.soft.small.numbers", {role: "status"});
    const stop = h("button", {type: "button", t: "cancel", onclick: () => this.#sending?.abort()});
    this.stage.replaceChildren(
      h(
        "section.card.stack",
        {"data-staging": id},
        h("h2", {t: ["review.sending", {name: file.name}]}),
        gauge,
        amount,
        h("div.row", {}, stop),
      ),
    );
    let sentBytes = 0;
    this.#sending = sendFile(stageAddress(id), file, {
      onSent: (sent, total) => {
        sentBytes = Math.min(sent, file.size);
        gauge.value = total ? (100 * sent) / total : 0;
        amount.textContent = t("watch.of", {done: bytes(sentBytes), total: bytes(file.size)});
      },
    });
    const fault = await this.#sending.done
      .then(
        () => null,
        (refusal) => refusal,
      )
      .finally(() => (this.#sending = null));
    if (!fault) return this.#startReview(id, file.name);
    // Cut by the network: what arrived is kept, and the rest can be sent.
    if (fault.status !== 0 || fault.isAborted) throw fault;
    const card = this.#watch(id, {filename: file.name});
    card.file = file;
    card.sent(sentBytes, file.size);
    card.refused(fault);
  }

  #startReview(id, name) {
    this.#clear();
    this.zone.hidden = true;
    watched.save(id);
    replaceAddress(addressOf("import", {id}));
    this.#review = new ReviewStep(
      {id, name},
      {
        onImport: (options) => this.#import(id, name, options).catch((fault) => tellRefused(options, fault)),
        onCancel: () => this.#discard(id),
        onOver: () => this.#unreadable(id),
        onStale: () => void this.#showWhatItIs(id).catch(() => {}),
      },
    );
    this.stage.replaceChildren(this.#review.element);
    announce("review.title", {name}, {important: true});
    this.#review.title.focus({preventScroll: true});
    // It was chosen from anywhere on a long page.
    if (this.stage.getBoundingClientRect().top < 0) this.stage.scrollIntoView({block: "start"});
  }

  async #import(id, name, options) {
    this.#underWay.add(id);
    const starting = begun(id, options).finally(() => this.#underWay.delete(id));
    this.#starting.set(
      id,
      starting.catch(() => {}),
    );
    const {isLost, fault} = await starting.catch((refusal) => ({isLost: false, fault: refusal}));
    // Somebody cancelled it meanwhile, and goes on from there.
    if (this.#leaving === id) return;
    // It was refused, so nothing has begun.
    if (fault?.status) this.#starting.delete(id);
    if (fault) throw fault;
    this.history.reload();
    if (!this.#isReviewed(id)) return;
    if (isLost) await this.#open(id);
    else this.#watch(id, {filename: name, isWhole: true});
  }

  /** Somebody else has imported or cancelled what is reviewed here. */
  async #showWhatItIs(id) {
    const {status} = await get(`/uploads/${encodeURIComponent(id)}`);
    if (status !== "staged" && this.#isReviewed(id)) await this.#open(id);
  }

  /** Whether the review of this file is what one looks at, and nothing else was asked for. */
  #isReviewed(id) {
    return this.#review?.id === id && ["", id].includes(this.#opening);
  }

  /**
   * What was only looked at need not be kept. An import that is being started is cancelled at once, before it
   * begins or while it runs; where rows are in by then, it is shown, with its way to undo.
   */
  async #discard(id) {
    if (!this.#shownReview) return this.#startAgain();
    const starting = this.#starting.get(id);
    const said = starting && toast(t("import.cancelling"));
    this.#leaving = id;
    const isUnderWay = this.#underWay.has(id);
    let {body, fault} = await cancelled(id);
    await starting;
    // Who waits for the start itself goes on first.
    if (isUnderWay) await new Promise((done) => setTimeout(done));
    // It may have been lost, or come when there was nothing to cancel yet.
    if (isUnderWay && fault && fault.status !== 409) ({body, fault} = await cancelled(id));
    this.#leaving = "";
    said?.();
    this.history.reload();
    if (fault?.status === 409) toast(t("import.tooLate"));
    else if (fault && fault.status !== 404) toastFault(fault);
    if (!this.#isReviewed(id)) return;
    if (fault?.status === 409 || body?.accepted) return this.#open(id);
    // Whether it runs is not known: it can be cancelled once more.
    if (fault && fault.status !== 404 && starting) return;
    this.#startAgain();
  }

  /**
   * It says why it cannot be read until another file comes, but nothing comes back to it. It ends as a check
   * that failed, and not as cancelled, so that the history keeps the reason.
   */
  async #unreadable(id) {
    watched.save(null);
    if (location.hash === addressOf("import", {id})) replaceAddress("#import");
    this.zone.hidden = false;
    // It is refused for the reason that is shown already.
    await startImport(id, {dry_run: true}).catch((fault) => fault.status !== 422 && toastFault(fault));
    this.history.reload();
  }

  #watch(id, about) {
    this.#clear();
    this.zone.hidden = true;
    watched.save(id);
    replaceAddress(addressOf("import", {id}));
    const card = new ImportCard(id, {
      ...about,
      onOver: () => this.history.reload(),
      onClose: () => this.#startAgain(),
      onResume: () => this.#resume(card).catch(toastFault),
      onOpen: (other) => go(addressOf("import", {id: other})),
    });
    this.#card = card;
    this.stage.replaceChildren(card.element);
    // Who went to another view meanwhile may be typing there.
    if (isInFront("import")) document.getElementById("main").focus({preventScroll: true});
    return card;
  }

  #startAgain() {
    this.#clear();
    replaceAddress("#import");
    if (this.#queue.length) return this.#next();
    if (!this.zone.closest("[hidden]")) this.zone.querySelector("button").focus();
  }

  #clear() {
    this.#opening = "";
    this.#card?.close();
    this.#review?.close();
    this.#card = this.#review = null;
    watched.save(null);
    this.zone.hidden = false;
    this.stage.replaceChildren();
  }

  #failed(fault) {
    this.#clear();
    replaceAddress("#import");
    if (!fault.isAborted) toastFault(fault);
    if (this.#queue.length) this.#next();
  }

  /** Send what the server lacks, of the file that was being sent or of the one chosen again. */
  async #resume(card) {
    card.file ??= await chosenFile();
    if (!card.file) return;
    const from = await call("HEAD", `/uploads/${card.model.id}`).then(
      ({headers}) => Number(headers.get("Upload-Offset")),
      (fault) => (fault.status === 404 ? null : Promise.reject(fault)),
    );
    // The server was gone before it had noted anything: begin anew.
    if (from === null) return this.#stageFile(card.file);
    if (card.file.size < from) {
      card.file = null;
      return toast(t("watch.otherFile"));
    }
    const rest = from ? new File([card.file.slice(from)], card.file.name) : card.file;
    const upload = sendFile(`/uploads${query({upload_id: card.model.id})}`, rest, {
      onSent: (sent) => card.sent(from + Math.min(sent, rest.size), card.file.size),
      headers: {"Upload-Offset": String(from)},
    });
    card.sending(upload);
    upload.done.then(
      () => this.#resumed(card),
      (fault) => card.refused(fault, {resumed: true}),
    );
  }

  /** A file that was being staged is reviewed once it is whole. */
  async #resumed(card) {
    this.history.reload();
    await this.#open(card.model.id);
  }
}

/**
 * Begin an import. An answer may be lost on the way: whether it has begun, its state says.
 *
 * @returns {Promise<{isLost: boolean, fault?: any}>} `isLost`: it has begun, but for an earlier question.
 */
async function begun(id, options) {
  try {
    await startImport(id, options);
  } catch (fault) {
    const known = await get(`/uploads/${id}`).catch(() => null);
    if (!known || known.status === "staged") throw fault;
    return {isLost: true};
  }
  return {isLost: false};
}

/** Say why an import does not begin: of rows that go back, it may be the other import that takes none. */
const tellRefused = (options, fault) =>
  options.repairs_of ? toast(refusalWords("correct", fault)) : toastFault(fault);

/** @param {string} id @returns {Promise<{body: any, fault: any}>} What became of cancelling an import. */
const cancelled = (id) =>
  call("POST", `/uploads/${id}/cancel`).then(
    ({body}) => ({body, fault: null}),
    (fault) => ({body: null, fault}),
  );

const newId = () =>
  crypto.randomUUID?.() ??
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );

/** @returns {Promise<File | null>} Null when the person thought better of it. */
function chosenFile() {
  return new Promise((resolve) => {
    const input = h("input", {
      type: "file",
      "data-again": "",
      hidden: true,
      onchange: () => resolve(input.files[0] ?? null),
      oncancel: () => resolve(null),
    });
    document.body.append(input);
    input.click();
    input.remove();
  });
}
