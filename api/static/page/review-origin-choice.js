import {get, query} from "./api.js";
import {h} from "./dom.js";
import {moment} from "./format.js";
import {currentLanguage} from "./i18n.js";
import {Built} from "./keep-place.js";
import {likeliest, NEW, originsOf} from "./review-origin.js";
import {mayChange} from "./session.js";

/** Pages of earlier imports in which those are sought that rejected rows came from, and imports of each. */
const PAGES_SOUGHT = 5;
const PAGE = 100;

/** Where rejected rows go: what was asked for once is not imported twice in silence. */
export class OriginChoice {
  /** What became of the question: an import's id, `NEW`, or "" while nobody knows. */
  answer = "";
  /** Imports that the rows may have come from; null until they are known. @type {any[] | null} */
  #origins = null;
  #isOld = false;
  #built = new Built();

  /** @param {string} filename @param {() => void} onChange */
  constructor(filename, onChange) {
    this.filename = filename;
    this.onChange = onChange;
  }

  get isKnown() {
    return this.#origins !== null;
  }

  /** One of them has taken no rows: they are asked for again. */
  askAgain() {
    this.#isOld = true;
  }

  /** @returns {Promise<any[]>} For `take`, if the answer is still wanted. */
  async find(preview) {
    const known = this.#isOld ? null : this.#origins;
    return known ?? sought(preview, this.filename);
  }

  take(origins) {
    const isKnown = this.answer === NEW || origins.some(({upload_id: id}) => id === this.answer);
    // In the place of one that took no rows nothing is chosen but by the person.
    const proposed = () => (this.#isOld ? "" : likeliest(origins));
    if (!isKnown) this.answer = origins.length ? proposed() : NEW;
    this.#origins = origins;
    this.#isOld = false;
  }

  /** The question, with its answer; the same element while nothing else is asked. */
  element() {
    const origins = this.#origins;
    const row = this.#built.get("origin", [origins, currentLanguage().tag], () => {
      if (!origins.length) return h("p.question-row", {"data-origins": "", t: "review.noOrigin"});
      const choices = origins.map(({upload_id: id, filename, created_at: at, rejected}) =>
        this.#radio(id, ["review.goesBackTo", {name: filename || id, at: moment(at), count: rejected}]),
      );
      return h(
        "fieldset.question-row.origins",
        {"data-origins": ""},
        h("legend", {t: "review.origin"}),
        ...choices,
        this.#radio(NEW, ["review.goesNowhere"]),
        h("p.small.soft", {t: "review.originHint"}),
      );
    });
    for (const radio of row.querySelectorAll("input")) radio.checked = radio.value === this.answer;
    return row;
  }

  #radio(value, told) {
    const choose = () => {
      this.answer = value;
      this.onChange();
    };
    const keep = `origin ${value}`;
    const radio = h("input", {type: "radio", name: "origin", value, "data-keep": keep, onchange: choose});
    return h("label.check", {}, radio, h("span", {t: told}));
  }
}

/** Imports, of those so far, that the rejected rows of a file may have come from. */
async function sought(preview, name) {
  /** @type {any[]} */
  const uploads = [];
  let cursor = "";
  for (let page = 0; page < PAGES_SOUGHT && cursor !== null; page += 1) {
    const {items, next} = await get(`/uploads${query({limit: PAGE, cursor})}`);
    uploads.push(...items);
    cursor = next;
  }
  return originsOf(uploads, preview, name, mayChange);
}
