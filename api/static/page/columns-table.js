import {FIELDS, REQUIRED} from "./review-model.js";
import {h} from "./dom.js";
import {Built} from "./keep-place.js";
import {currentLanguage, say, t} from "./i18n.js";

/** The columns of a file: name, examples, what each becomes. */
export class ColumnsTable {
  #built = new Built();

  /**
   * @param {import("./review-model.js").Review} review
   * @param {() => void} onChange
   */
  constructor(review, onChange) {
    this.review = review;
    this.onChange = onChange;
    this.element = h("div.tables", {
      tabindex: "0",
      role: "region",
      label: "review.columns",
      "data-keep": "columns",
    });
  }

  /** Show what each column is now: the choices stay where they are for as long as the columns do. */
  paint() {
    const {columns} = this.review;
    const from = [columns.map(({name, examples}) => [name, examples]), currentLanguage().tag];
    const {table, caption, rows} = this.#built.get("table", from, () => this.#build());
    if (this.element.firstChild !== table) this.element.replaceChildren(table);
    const used = columns.filter(({field}) => field).length;
    say(caption, "review.used", {count: used, total: columns.length});
    for (const [at, {field}] of columns.entries()) {
      rows[at].classList.toggle("unused", !field);
      rows[at].querySelector("select").value = field ?? "";
    }
  }

  #build() {
    const rows = this.review.columns.map((column, at) => this.#row(column, at));
    const caption = h("caption.unseen");
    const head = h(
      "tr",
      {},
      h("th", {t: "review.column"}),
      h("th.wide", {t: "review.examples"}),
      h("th", {t: "review.becomes"}),
    );
    return {
      caption,
      rows,
      table: h("table.columns", {}, caption, h("thead", {}, head), h("tbody", {}, ...rows)),
    };
  }

  #row({name, examples}, at) {
    const isNamed = name && name !== `#${at + 1}`;
    const title = isNamed ? name : t("review.nameless", {column: at + 1});
    const asked = isNamed ? ["review.becomesOf", {name}] : ["review.becomesOfNameless", {column: at + 1}];
    const choose = () => {
      this.review.choose(at, control.value);
      this.onChange();
    };
    const control = h(
      "select",
      {
        "data-column": String(at + 1),
        "data-keep": `column ${at + 1}`,
        "aria-label": t(...asked),
        onchange: choose,
      },
      h("option", {value: "", t: "review.unused"}),
      ...FIELDS.map((each) =>
        h("option", {value: each}, t(`field.${each}`) + (REQUIRED.includes(each) ? " *" : "")),
      ),
    );
    return h(
      "tr",
      {},
      // On a phone the examples stand below the name, so that the choice is beside them.
      h("th", {scope: "row"}, title, h("span.narrow.clip.soft.small", {}, examples.join(" · "))),
      h("td.clip.soft.wide", {}, examples.join(" · ")),
      h("td", {}, control),
    );
  }
}
