import {FIELDS, REQUIRED} from "./review-model.js";
import {h} from "./dom.js";
import {t} from "./i18n.js";

/**
 * The columns of a file: name, examples, what each becomes.
 *
 * @param {import("./review-model.js").Review} review
 * @param {() => void} onChange
 */
export function columnsTable(review, onChange) {
  const used = review.columns.filter(({field}) => field).length;
  const rows = review.columns.map((column, at) => rowOf(column, at, review, onChange));
  return h(
    "div.tables",
    {tabindex: "0", role: "region", label: "review.columns"},
    h(
      "table.columns",
      {},
      h("caption.unseen", {t: ["review.used", {count: used, total: review.columns.length}]}),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", {t: "review.column"}),
          h("th.wide", {t: "review.examples"}),
          h("th", {t: "review.becomes"}),
        ),
      ),
      h("tbody", {}, ...rows),
    ),
  );
}

function rowOf({name, field, examples}, at, review, onChange) {
  const isNamed = name && name !== `#${at + 1}`;
  const title = isNamed ? name : t("review.nameless", {column: at + 1});
  const control = h(
    "select",
    {"data-column": String(at + 1), "aria-label": t("review.becomesOf", {name: title})},
    h("option", {value: "", t: "review.unused"}),
    ...FIELDS.map((each) =>
      h("option", {value: each}, t(`field.${each}`) + (REQUIRED.includes(each) ? " *" : "")),
    ),
  );
  control.value = field ?? "";
  control.addEventListener("change", () => {
    review.choose(at, control.value);
    onChange();
  });
  return h(
    `tr${field ? "" : ".unused"}`,
    {},
    // On a phone the examples stand below the name, so that the choice is beside them.
    h("th", {scope: "row"}, title, h("span.narrow.clip.soft.small", {}, examples.join(" · "))),
    h("td.clip.soft.wide", {}, examples.join(" · ")),
    h("td", {}, control),
  );
}
