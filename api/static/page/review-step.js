import {
  asksForDateOrder,
  asksForHeaderRow,
  existingIn,
  Review,
  tellsWhereDaysAre,
  WITH_DEFAULT,
  writtenBy,
} from "./review-model.js";
import {ColumnsTable} from "./columns-table.js";
import {get, post, query, untilAnswered} from "./api.js";
import {field, h, oncePerFrame, select} from "./dom.js";
import {fieldName} from "./format.js";
import {firstRows} from "./first-rows.js";
import {Built, keepingPlace, place} from "./keep-place.js";
import {followOne} from "./live.js";
import {memoryIn} from "/client/choice.js";
import {mayPass} from "./lost-answers.js";
import {problemGroups} from "./problem-groups.js";
import {faultText, moreOf, reasonOf} from "./problem-words.js";
import {howRead, sheetOption} from "./review-facts.js";
import {hasRejectedRows, NEW} from "./review-origin.js";
import {OriginChoice} from "./review-origin-choice.js";
import {currentLanguage, say, t} from "./i18n.js";
import {announce} from "./tell.js";

/** While a person still chooses, the whole file is not checked again for each choice. */
const CHECK_AFTER_MS = 400;

/** Options of how a file is read, whatever its rows are judged by. */
const OF_READING = ["sheet", "encoding", "header_row"];

/** What this tab has decided about the file that it reviews, kept over a reload. */
const decided = memoryIn(() => sessionStorage, "fasttrack.review");

/**
 * The one step before anything is written: how the file is read, which column is what, what would go in. The
 * file is on the server already; each choice reads the same bytes again.
 */
export class ReviewStep {
  #asked = 0;
  #checking = 0;
  /** @type {import("/client/fasttrack.js").Feed | null} */
  #feed = null;
  #closed = false;
  /** Why nothing more comes of the check; "" where somebody cancelled it. @type {string | null} */
  #unchecked = null;
  /** Somebody has asked for the import, and it waits for the check, or for its answer. */
  #isAwaited = false;
  #isHeaderAsked = false;
  /** Controls that outlive a repaint: somebody may be using them. */
  #built = new Built();
  #areAllGroupsShown = false;

  /**
   * @param {{id: string, name: string}} upload
   * @param {{onImport: (options: Record<string, any>) => Promise<void>, onCancel: () => void,
   *   onOver: () => void, onStale: () => void}} on `onOver`: the file cannot be read, whatever is chosen.
   *   `onStale`: it seems that it is not to review any more.
   */
  constructor({id, name}, on) {
    this.id = id;
    this.name = name;
    this.on = on;
    this.review = new Review();
    this.origin = new OriginChoice(name, () => this.#changed());
    /** @type {any} */
    this.preview = null;
    /** @type {any} */
    this.check = null;
    this.#build(name);
    this.paint = oncePerFrame(() => this.#paint());
    this.onLanguage = () => this.paint();
    document.addEventListener("language", this.onLanguage);
    const earlier = decided.load();
    if (earlier?.id === id) this.review.restore(earlier.options);
    if (earlier?.id === id) this.origin.answer = earlier.origin ?? "";
    this.atomic.checked = this.review.chosen.mode === "atomic";
    void this.#read({isFirst: true});
  }

  close() {
    this.#closed = true;
    this.#feed?.close();
    clearTimeout(this.#checking);
    document.removeEventListener("language", this.onLanguage);
    this.element.remove();
  }

  #build(name) {
    this.title = h("h2", {tabindex: "-1", t: ["review.title", {name}]});
    this.facts = h("p.small.soft");
    this.fault = h("div.alert", {role: "alert", hidden: true});
    this.questions = h("div.stack");
    this.table = new ColumnsTable(this.review, () => this.#changed());
    this.defaults = h("div.fields");
    this.rows = h("div");
    this.sum = h("p.review-sum", {role: "status"});
    this.gauge = h("progress", {max: "100", label: "review.checking"});
    this.groups = h("div.stack");
    this.duplicates = h("div");
    this.atomic = h("input", {type: "checkbox", onchange: () => this.#atomic()});
    this.missing = h("p.chip.warn.missing", {role: "status", hidden: true});
    this.go = h("button.primary", {type: "submit", t: "review.go", disabled: true});
    const submit = (event) => (event.preventDefault(), this.#submit());
    this.lead = h("p.soft", {t: "review.lead"});
    this.leave = h("button", {type: "button", t: "cancel", onclick: () => this.#cancel()});
    this.all = h("label.check", {}, this.atomic, h("span", {t: "option.atomic"}));
    /** What is shown of a file that can be read. */
    this.checked = h(
      "section.stack",
      {tabindex: "-1", label: "review.checked"},
      ...[this.sum, this.gauge, this.groups, this.duplicates],
    );
    this.readings = [
      this.checked,
      h("section.stack", {}, h("h3", {t: "review.columns"}), this.table.element, this.defaults),
      h("section.stack", {}, h("h3", {t: "mapping.rows"}), this.rows),
    ];
    this.element = h(
      "form.card.stack.review",
      {"data-review": this.id, onsubmit: submit},
      h("div", {}, this.title, this.lead, this.facts),
      this.fault,
      this.questions,
      ...this.readings,
      this.missing,
      h("div.row.review-actions", {}, this.go, this.leave, this.all),
    );
  }

  #atomic() {
    if (this.atomic.checked) this.review.chosen.mode = "atomic";
    else delete this.review.chosen.mode;
    this.#keep();
  }

  #keep() {
    decided.save({id: this.id, options: this.review.options, origin: this.origin.answer});
  }

  /**
   * Import, but not before the check has said which rows are there already: nothing is doubled because
   * somebody was quick.
   */
  #submit() {
    if (this.#goesBack) return this.#import({...this.#reading, repairs_of: this.origin.answer});
    if (this.check) return this.#import(this.review.options);
    if (this.#unchecked !== null) return this.#import({on_duplicate: "skip", ...this.review.options});
    this.#isAwaited = true;
    this.paint();
  }

  /** Take back an import that waits for the check; else leave the file. */
  #cancel() {
    if (!this.#isAwaited || this.check) return this.on.onCancel();
    this.#isAwaited = false;
    this.paint();
  }

  async #import(options) {
    await this.on.onImport(options);
    this.#isAwaited = false;
    this.paint();
    if (this.#closed || !options.repairs_of) return;
    this.origin.askAgain();
    void this.#read({});
  }

  /** The check has ended: go on if somebody waits for it, unless there is a question now. */
  #checked() {
    const {count, changed, same} = existingIn(this.check);
    const isWanted = this.#isAwaited && !this.check.fault;
    this.#isAwaited = isWanted && !count;
    // Painted at once: the question of what exists sets what an import does.
    this.#paint();
    if (this.#isAwaited) return void this.#import(this.review.options);
    if (!isWanted) return;
    announce("review.existing", {count, changed, same}, {important: true});
    this.duplicates.querySelector("select").focus();
  }

  #notChecked(reason) {
    this.#unchecked = reason;
    this.#isAwaited = false;
    this.#paint();
  }

  /** A choice changed: read the beginning again at once, and the whole file once the choices rest. */
  #changed() {
    this.#keep();
    this.check = null;
    this.#unchecked = null;
    this.#isAwaited = false;
    void this.#read({});
  }

  async #read({isFirst = false}) {
    const asked = ++this.#asked;
    const path = `/uploads/${this.id}/preview${query(texts(this.review.options))}`;
    const preview = await this.#answer(() => get(path), asked);
    if (!preview || !(await this.#findOrigins(preview, asked))) return;
    this.preview = preview;
    this.#unchecked = null;
    const isOther = this.review.read(preview);
    if (isFirst && preview.remembered && !this.review.isDecided) {
      this.review.remember(preview.remembered, preview.fault);
      return void this.#changed();
    }
    // The rows are to be those of the columns that are shown.
    if (isOther) return void this.#changed();
    this.paint();
    if (this.isOver) return this.on.onOver();
    clearTimeout(this.#checking);
    this.#checking = setTimeout(() => void this.#startCheck(), isFirst ? 0 : CHECK_AFTER_MS);
  }

  /** @returns {Promise<boolean>} Whether the answer is still wanted. */
  async #findOrigins(preview, asked) {
    if (!hasRejectedRows(preview)) return true;
    const origins = await this.#answer(() => this.origin.find(preview), asked);
    if (!origins) return false;
    this.origin.take(origins);
    return true;
  }

  /** Whether it has rejected rows, of which it is asked where they go. */
  get #hasOrigins() {
    return this.origin.isKnown && hasRejectedRows(this.preview);
  }

  /** Whether its rows go back to the import that they came from. */
  get #goesBack() {
    return this.#hasOrigins && this.origin.answer !== "" && this.origin.answer !== NEW;
  }

  /** Whether its rows are to be an import of their own. */
  get #isNew() {
    return !this.#hasOrigins || this.origin.answer === NEW;
  }

  /** Whether nobody has said yet where its rows go. */
  get #isOpen() {
    return !this.#isNew && !this.#goesBack;
  }

  /** The import that rows go back to has rules of its own. */
  get #reading() {
    const {chosen} = this.review;
    return Object.fromEntries(OF_READING.filter((name) => chosen[name]).map((name) => [name, chosen[name]]));
  }

  /** Whether nothing was chosen since: a slow answer must not overwrite that of a later choice. */
  #isWanted(asked) {
    return asked === this.#asked && !this.#closed;
  }

  /**
   * Ask the server, and while the network is away again and again.
   *
   * @returns {Promise<any>} Null where it is refused, which is told, or not wanted any more.
   */
  async #answer(question, asked) {
    const isWanted = () => this.#isWanted(asked);
    const onAway = (fault) => this.#refused(fault, asked);
    const answer = await untilAnswered(question, {isWanted, onAway}).catch(onAway);
    return isWanted() ? answer : null;
  }

  #refused(fault, asked) {
    if (!this.#isWanted(asked)) return null;
    const again = () => void this.#read({isFirst: this.preview === null});
    const button = h("div.row", {}, h("button", {type: "button", t: "review.again", onclick: again}));
    this.#tellFault(h("span", {}, faultText(fault)), ...(mayPass(fault) ? [button] : []));
    this.gauge.hidden = true;
    this.#notChecked(faultText(fault));
    if (fault.status === 409) this.on.onStale();
    return null;
  }

  /** Say what is wrong; nothing, where nothing is. */
  #tellFault(...told) {
    const hadKeyboard = this.fault.contains(document.activeElement);
    this.fault.hidden = told.length === 0;
    this.fault.replaceChildren(...told);
    // The button that had it is gone.
    if (hadKeyboard) (this.fault.querySelector("button") ?? this.title).focus({preventScroll: true});
  }

  async #startCheck() {
    this.#feed?.close();
    if (!this.#isNew || this.review.missing.length || this.#isUnreadable) return this.paint();
    const asked = this.#asked;
    const {options} = this.review;
    const task = await this.#answer(() => post(`/uploads/${this.id}/check`, {json: options}), asked);
    if (!task) return;
    this.#unchecked = null;
    this.gauge.removeAttribute("value");
    this.#feed = followOne(
      `tarefas/${task.task_id}`,
      (message) => void this.#hear(message, task.task_id, asked),
    );
    this.paint();
  }

  async #hear(message, taskId, asked) {
    if (message.type === "progress") this.gauge.value = message.progresso;
    if (message.type !== "finished") return;
    if (!this.#isWanted(asked)) return;
    if (message.status === "cancelled") return this.#notChecked("");
    const task = await this.#answer(() => get(`/tarefas/${taskId}`), asked);
    if (!task) return;
    this.#unchecked = null;
    this.check = task.result ?? {problems: [], fault: task.error ?? message.error};
    this.#checked();
  }

  /** Whether the file cannot be read, and nothing is asked that might mend that. */
  get isOver() {
    return this.#isUnreadable && this.#questions().next().done === true;
  }

  /** A fault that no choice of columns can mend. */
  get #isUnreadable() {
    const code = this.preview?.fault?.code;
    return Boolean(code) && !this.#isAsked(code);
  }

  /** Whether a fault of the file is asked about here. */
  #isAsked(code) {
    if (code === "unclear_encoding") return this.preview.encodings?.length > 0;
    return ["missing_columns", "duplicate_columns"].includes(code);
  }

  #paint() {
    if (this.preview && !this.#closed) keepingPlace(this.element, () => this.#redraw());
  }

  #redraw() {
    const {review, preview, check} = this;
    this.facts.textContent = howRead(preview);
    // Why it was not checked is shown already.
    if (!this.#unchecked) this.#paintFault(check?.fault ?? preview.fault);
    place(this.questions, [...this.#questions()]);
    this.table.paint();
    this.#paintDefaults();
    this.rows.replaceChildren(firstRows(preview, review));
    this.#paintCheck(check);
    const lacksFields = this.#isNew && review.missing.length > 0;
    this.missing.hidden = !lacksFields || this.#isUnreadable;
    this.missing.textContent = t("mapping.missing", {fields: review.missing.map(fieldName).join(", ")});
    for (const element of [this.lead, this.facts, this.go]) element.hidden = this.#isUnreadable;
    for (const element of [this.all, ...this.readings]) element.hidden = this.#isUnreadable || !this.#isNew;
    say(this.lead, this.#isNew ? "review.lead" : "review.leadBack");
    say(this.leave, this.#isUnreadable ? "review.another" : "cancel");
    const hasNoRow = check && !check.fault && check.accepted + check.rejected === 0;
    this.go.disabled = this.#isOpen || lacksFields || this.#isUnreadable || this.#isAwaited || hasNoRow;
  }

  #paintFault(fault) {
    // Columns that lack are asked for below: only what cannot be answered here is a fault.
    const isAsked = !fault || (this.#isAsked(fault.code) && !tellsWhereDaysAre(fault));
    if (isAsked) this.#tellFault();
    else this.#tellFault(h("strong", {}, reasonOf(fault)), h("span", {}, moreOf(fault)));
  }

  /** Only what the file itself leaves open. */
  *#questions() {
    const {preview, review, check} = this;
    if (this.#hasOrigins && !this.#isUnreadable) yield this.origin.element();
    if (preview.sheets?.length > 1)
      yield this.#choice("sheet", preview.sheets.map(sheetOption), preview.sheet);
    if (preview.encodings?.length) {
      const named = preview.encodings.map((name) => [name, name]);
      yield this.#choice("encoding", [["", t("review.asRead")], ...named], review.chosen.encoding ?? "");
    }
    if (this.#isNew && (asksForDateOrder(preview, check) || review.chosen.date_format)) {
      const orders = [
        ["", t("review.dates.ask")],
        ["dmy", t("option.dmy")],
        ["mdy", t("option.mdy")],
      ];
      yield this.#choice("date_format", orders, review.chosen.date_format ?? "");
    }
    // Who has begun to map columns by hand may still see that their names are none.
    this.#isHeaderAsked ||= asksForHeaderRow(preview, check);
    if (this.#isHeaderAsked || review.chosen.header_row)
      yield this.#headerRow(review.chosen.header_row ?? String(preview.header_row ?? 1));
  }

  #choice(name, options, value) {
    const row = this.#built.get(name, options, () => {
      const control = h(
        "select",
        {"data-option": name, "data-keep": name, onchange: () => this.#set(name, control.value)},
        ...options.map(([key, text]) => h("option", {value: key}, text)),
      );
      return h("div.question-row", {}, field(`review.${name}`, control));
    });
    row.querySelector("select").value = value ?? "";
    return row;
  }

  #headerRow(line) {
    const row = this.#built.get("header_row", currentLanguage().tag, () => {
      const hint = h("span.small.soft", {id: `header-row-${this.id}`, t: "review.headerHint"});
      const control = h("input", {
        type: "number",
        min: "0",
        "data-option": "header_row",
        "data-keep": "header_row",
        "aria-describedby": hint.id,
        onchange: () => this.#set("header_row", control.value),
      });
      return h("div.question-row", {}, field("review.header_row", control, hint));
    });
    const control = row.querySelector("input");
    // What is being typed is not written over by an answer to what was there before.
    if (control !== document.activeElement) control.value = line;
    return row;
  }

  #set(name, value) {
    if (value) this.review.chosen[name] = value;
    else delete this.review.chosen[name];
    // Another sheet or header has other columns: what was chosen for these does not hold for those.
    if (name === "sheet" || name === "header_row") this.review.touched = false;
    if (OF_READING.includes(name)) this.review.readAnew();
    this.#changed();
  }

  /** A value for every row, where no column has the field. */
  #paintDefaults() {
    const wanted = WITH_DEFAULT.filter((name) => !this.review.has(name));
    const {tag} = currentLanguage();
    const fields = wanted.map((name) => this.#built.get(`default ${name}`, tag, () => this.#defaultOf(name)));
    place(this.defaults, fields);
  }

  #defaultOf(name) {
    const input = h("input", {
      "data-default": name,
      "data-keep": `default ${name}`,
      value: this.review.defaults[name] ?? "",
      placeholder: t("review.forAll"),
      onchange: () => {
        this.review.defaults[name] = input.value;
        this.#changed();
      },
    });
    const element = field(`field.${name}`, input);
    element.classList.toggle("required", ["title", "event_date", "city"].includes(name));
    return element;
  }

  #paintCheck(check) {
    const isReady = check && !check.fault;
    this.gauge.hidden =
      !this.#isNew ||
      Boolean(check) ||
      this.#unchecked !== null ||
      this.review.missing.length > 0 ||
      this.#isUnreadable;
    this.sum.hidden = !isReady;
    if (isReady)
      say(this.sum, check.rejected ? "review.sum" : "review.sumAll", {
        in: check.accepted,
        out: check.rejected,
        count: check.accepted,
      });
    this.groups.replaceChildren(...(isReady ? this.#problemGroups(check) : []));
    place(this.duplicates, isReady ? [...this.#duplicateChoice(check)] : []);
    this.#paintGo(check);
  }

  #paintGo(check) {
    if (this.#goesBack) return say(this.go, "review.goBack");
    if (this.#isOpen) return say(this.go, "review.goOpen");
    const waiting = this.#isAwaited ? "review.goAwaited" : "review.go";
    const isReady = check && !check.fault;
    const count = isReady ? writtenBy(check, this.review.chosen.on_duplicate) : 0;
    say(this.go, isReady ? goKey(check, count) : waiting, {count});
  }

  #problemGroups({problems}) {
    return problemGroups(problems, {
      areAllShown: this.#areAllGroupsShown,
      onAll: () => {
        const before = this.groups.querySelectorAll("[data-group]").length;
        this.#areAllGroupsShown = true;
        this.#paint();
        // The button is gone: go on with the first of what it brought.
        this.groups.querySelectorAll("[data-group]")[before].focus();
      },
      onReplace: (replacements) => this.#replace(replacements),
    });
  }

  /** "Auditorium" becomes Auditório, in every row. */
  #replace(replacements) {
    // The button goes with its group: the keyboard waits where the answer comes.
    this.checked.focus({preventScroll: true});
    for (const {field: name, from, to} of replacements) this.review.replace(name, from, to);
    this.#changed();
  }

  *#duplicateChoice(check) {
    const existing = existingIn(check);
    if (!existing.count) return;
    const {chosen} = this.review;
    // Nothing is doubled unless somebody says so.
    chosen.on_duplicate ??= existing.hasIds || existing.changed ? "update" : "skip";
    const {count, changed, same} = existing;
    const row = this.#built.get("on_duplicate", [count, changed, same, currentLanguage().tag], () => {
      const choose = () => {
        chosen.on_duplicate = control.value;
        this.#keep();
        if (this.check) this.#paintGo(this.check);
      };
      const control = select(
        [
          ["update", "review.update"],
          ["skip", "review.skip"],
          ["insert", "review.insert"],
        ],
        {"data-option": "on_duplicate", "data-keep": "on_duplicate", onchange: choose},
      );
      const told = h("p", {t: ["review.existing", {count, changed, same}]});
      return h("div.question-row", {}, told, field("review.on_duplicate", control));
    });
    row.querySelector("select").value = chosen.on_duplicate;
    yield row;
  }
}

/** What an import would do: with no good row there is still a way, they are mended after they came back. */
function goKey({accepted, rejected}, count) {
  if (count) return "review.goCount";
  if (rejected) return "review.goRepair";
  return accepted ? "review.goSame" : "review.go";
}

/** Options as parameters of an address. */
export const texts = (options) =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
