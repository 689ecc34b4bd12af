import {call, get, post, query, sendFile} from "./api.js";
import {dropzone} from "./dropzone.js";
import {h} from "./dom.js";
import {history} from "./history.js";
import {ImportCard} from "./import-card.js";
import {mappingStep} from "./mapping-step.js";
import {RememberedMappings} from "./mapping-rules.js";
import {memoryIn} from "/client/choice.js";
import {t} from "./i18n.js";
import {announce, toastFault} from "./tell.js";

const PREVIEW_BYTES = 64 * 1024;
const PREVIEW_WORKBOOK_BYTES = 10 * 1024 * 1024;
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
    root.append(h("div.view-head", {}, h("div", {}, h("h1", {t: "import.title"}), h("p", {t: "import.lead"}))), this.zone, this.stage, this.history.element);
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
    document.getElementById("main").focus();
  }

  #show(id, about) {
    this.#clear();
    this.zone.hidden = true;
    watched.save(id);
    this.#card = new ImportCard(id, {...about, onOver: () => this.history.reload(), onClose: () => this.#clear()});
    this.stage.replaceChildren(this.#card.element);
    return this.#card;
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
    const preview = await previewOf(file, options).catch((fault) => {
      // A file that cannot be previewed is imported all the same: the import says what is wrong.
      if ([404, 405, 415, 422].includes(fault.status)) return null;
      throw fault;
    });
    const columns = (preview?.columns ?? []).map((column) => column.name ?? column);
    const known = remembered.find(columns);
    const proposed = {mapping: {...preview?.mapping, ...known?.mapping}, defaults: known?.defaults ?? {}};
    if (preview?.fault?.code !== "missing_columns") return this.#send(file, options);
    this.#askMapping(file, options, preview, columns, proposed);
  }

  #askMapping(file, options, preview, columns, proposed) {
    const withChoice = ({mapping, defaults}) => ({...options, mapping: JSON.stringify(mapping), defaults: JSON.stringify(defaults)});
    this.zone.hidden = true;
    const step = mappingStep({name: file.name, preview, columns, proposed}, {
      check: (choice) => previewOf(file, withChoice(choice)).catch((fault) => (toastFault(fault), preview)),
      cancel: () => this.#clear(),
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
    card.model.options = {dry_run: options.dry_run};
    card.resume = () => void this.#resume(file, card, options);
    this.#transfer(card, `/uploads${query({...options, upload_id: id})}`, file);
  }

  #transfer(card, path, file, from = 0) {
    const upload = sendFile(path, file, {onSent: (sent, total) => card.sent(from + sent, from + total)});
    card.sending(upload);
    upload.done.then(() => this.history.reload(), (fault) => card.refused(fault));
  }

  /** Send what the server lacks. */
  async #resume(file, card, options) {
    const path = `/uploads/${card.model.id}`;
    const {headers} = await call("HEAD", path).catch((fault) => (toastFault(fault), {headers: null}));
    if (!headers) return;
    const from = Number(headers.get("Upload-Offset"));
    const upload = sendFile(`/uploads${query({...options, upload_id: card.model.id})}`, new File([file.slice(from)], file.name),
      {onSent: (sent) => card.sent(from + sent, file.size), headers: {"Upload-Offset": String(from)}});
    card.continued(upload);
    upload.done.catch((fault) => card.refused(fault));
  }
}

function previewOf(file, options) {
  const form = new FormData();
  // A workbook can only be read whole.
  const enough = /\.xlsx$/i.test(file.name) ? PREVIEW_WORKBOOK_BYTES : PREVIEW_BYTES;
  form.append("file", file.slice(0, enough), file.name);
  const {mode, dry_run: dryRun, ...reading} = options;
  return post(`/uploads/preview${query(reading)}`, {body: form});
}
