import {call, post, query, sendFile} from "./api.js";
import {dropzone} from "./dropzone.js";
import {h} from "./dom.js";
import {history} from "./history.js";
import {ImportCard} from "./import-card.js";
import {mappingStep} from "./mapping-step.js";
import {RememberedMappings} from "./mapping-rules.js";
import {memoryIn} from "/client/choice.js";
import {t} from "./i18n.js";
import {announce, toast, toastFault} from "./tell.js";

const PREVIEW_BYTES = 64 * 1024;

/** A workbook can only be read whole; a larger one is imported without a preview. */
const PREVIEW_WORKBOOK_BYTES = 10 * 1024 * 1024;
const WORKBOOK = /\.xlsx$/i;
const remembered = new RememberedMappings(memoryIn(() => localStorage, "fasttrack.mappings"));

/** The import that this tab watches, kept over a reload. */
const watched = memoryIn(() => sessionStorage, "fasttrack.watched");

/** The view in which a file is dropped and watched. */
export class ImportView {
  /** @type {ImportCard | null} */
  #card = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.zone = dropzone((file, options) => void this.#take(file, options).catch((fault) => this.#failed(fault)));
    this.stage = h("div.stack");
    this.history = history((id) => this.watch(id));
    const head = h("div.view-head", {}, h("div", {}, h("h1", {t: "import.title"}), h("p", {t: "import.lead"})));
    root.append(head, this.zone, this.stage, this.history.element);
    const kept = watched.load();
    if (kept) this.watch(kept);
  }

  /** Show an import that exists. */
  watch(id) {
    const card = this.#show(id, {});
    card.loadDetails().catch((fault) => {
      toastFault(fault);
      if (fault.status === 404) this.#clear();
    });
  }

  #show(id, about) {
    this.#clear();
    this.zone.hidden = true;
    watched.save(id);
    const card = new ImportCard(id, {
      ...about,
      onOver: () => this.history.reload(),
      onClose: () => this.#startAgain(),
      onResume: () => void this.#resume(card).catch(toastFault),
    });
    this.#card = card;
    this.stage.replaceChildren(card.element);
    document.getElementById("main").focus({preventScroll: true});
    return card;
  }

  #startAgain() {
    this.#clear();
    this.zone.querySelector("button").focus();
  }

  #clear() {
    this.#card?.close();
    this.#card = null;
    watched.save(null);
    this.zone.hidden = false;
    this.stage.replaceChildren();
  }

  #failed(fault) {
    this.#clear();
    toastFault(fault);
  }

  async #take(file, options) {
    this.#clear();
    this.stage.replaceChildren(h("p.soft", {t: ["preview.reading", {name: file.name}]}));
    // A file that cannot be previewed is imported all the same: the import says what is wrong.
    const preview = await previewOf(file, options).catch((fault) => (fault.status === 0 ? Promise.reject(fault) : null));
    const columns = (preview?.columns ?? []).map(({name}) => name);
    const known = remembered.find(columns);
    const proposed = {mapping: {...preview?.mapping, ...known?.mapping}, defaults: known?.defaults ?? {}};
    if (preview?.fault?.code !== "missing_columns") return this.#send(file, options);
    this.#askMapping(file, options, preview, columns, proposed);
  }

  #askMapping(file, options, preview, columns, proposed) {
    const withChoice = ({mapping, defaults}) => ({...options, mapping: JSON.stringify(mapping), defaults: JSON.stringify(defaults)});
    this.zone.hidden = true;
    const step = mappingStep({name: file.name, columns, proposed}, {
      check: (choice) => previewOf(file, withChoice(choice)).catch((fault) => (toastFault(fault), preview)),
      cancel: () => this.#startAgain(),
      go: (choice) => {
        remembered.keep(columns, choice);
        this.#send(file, withChoice(choice));
      },
    });
    this.stage.replaceChildren(step);
    announce("mapping.title", {name: file.name}, {important: true});
    step.querySelector("select").focus();
  }

  #send(file, options) {
    const id = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
    const card = this.#show(id, {filename: file.name});
    card.file = file;
    card.model.options = {dry_run: options.dry_run};
    this.#transfer(card, {...options, upload_id: id}, 0);
  }

  /** Send what the server lacks: of the file that was being sent or, after a reload, of the one chosen again. */
  async #resume(card) {
    card.file ??= await chosenFile();
    if (!card.file) return;
    const {headers} = await call("HEAD", `/uploads/${card.model.id}`);
    const from = Number(headers.get("Upload-Offset"));
    if (card.file.size < from) {
      card.file = null;
      return toast(t("watch.otherFile"));
    }
    this.#transfer(card, {upload_id: card.model.id}, from);
  }

  #transfer(card, options, from) {
    const rest = from ? new File([card.file.slice(from)], card.file.name) : card.file;
    const upload = sendFile(`/uploads${query(options)}`, rest, {
      // What is sent is a form, a little longer than the file in it.
      onSent: (sent, total) => card.sent(from + sent, from + total),
      headers: from ? {"Upload-Offset": String(from)} : {},
    });
    card.sending(upload);
    upload.done.then(() => this.history.reload(), (fault) => card.refused(fault, {resumed: from > 0}));
  }
}

/** @returns {Promise<File | null>} Null when the person thought better of it. */
function chosenFile() {
  return new Promise((resolve) => {
    const input = h("input", {type: "file", "data-again": "", hidden: true, onchange: () => resolve(input.files[0] ?? null), oncancel: () => resolve(null)});
    document.body.append(input);
    input.click();
    input.remove();
  });
}

function previewOf(file, options) {
  const enough = WORKBOOK.test(file.name) ? PREVIEW_WORKBOOK_BYTES : PREVIEW_BYTES;
  const form = new FormData();
  form.append("file", file.slice(0, enough), file.name);
  const {mode, dry_run: dryRun, ...reading} = options;
  return post(`/uploads/preview${query(reading)}`, {body: form});
}
