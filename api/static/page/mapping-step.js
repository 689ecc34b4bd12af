import {fieldName} from "./format.js";
import {field, h} from "./dom.js";
import {FIELDS, filled, missingFields, REQUIRED, valueIn, withStandIns} from "./mapping-rules.js";
import {reasonOf} from "./rejected-table.js";
import {t} from "./i18n.js";

/**
 * The step in which a person says which column is which field.
 *
 * @param {{name: string, columns: string[], proposed: {mapping: Record<string, string>,
 *   defaults: Record<string, string>}}} about
 * @param {{check: (choice: any) => Promise<any>, go: (choice: any) => void, cancel: () => void}} on
 *   `check` reads the first rows again with another choice.
 * @returns {HTMLElement}
 */
export function mappingStep({name, columns, proposed}, on) {
  const rows = h("div");
  const detected = h("p.small.soft");
  const choices = FIELDS.map((each) => choiceOf(each, columns, proposed));
  const choice = () => ({
    mapping: filled(Object.fromEntries(choices.map(({name: each, column}) => [each, column.value]))),
    defaults: filled(Object.fromEntries(choices.map(({name: each, fallback}) => [each, fallback.value]))),
  });
  const missing = h("p.chip.warn.missing", {role: "status"});
  const go = h("button.primary", {type: "submit", t: "mapping.go"});
  let asked = 0;
  const changed = async () => {
    const now = ++asked;
    const lacking = missingFields(choice().mapping, choice().defaults);
    missing.hidden = !lacking.length;
    missing.textContent = t("mapping.missing", {fields: lacking.map(fieldName).join(", ")});
    go.disabled = lacking.length > 0;
    const answer = await on.check(withStandIns(choice()));
    // A slow answer must not overwrite that of a later choice.
    if (now !== asked) return;
    detected.textContent = howRead(answer);
    choices.forEach((each) => each.show(answer));
    rows.replaceChildren(firstRows(answer, choices));
  };
  const submit = (event) => (event.preventDefault(), on.go(choice()));
  void changed();
  return h("form.card.stack", {"data-mapping": "", onsubmit: submit, onchange: changed},
    h("div", {}, h("h2", {t: ["mapping.title", {name}]}), h("p.soft", {t: "mapping.lead"}), detected),
    h("p.small.soft", {t: "mapping.required"}),
    h("div.fields", {}, ...choices.map(({element}) => element)), missing,
    h("div.row", {}, go, h("button", {type: "button", t: "cancel", onclick: on.cancel})),
    h("h3", {t: "mapping.rows"}), rows);
}

/** Fields for which one value often holds for a whole file. */
const WITH_DEFAULT = [...REQUIRED, "local_info.location_name", "local_info.venue_type"];

/** What the file was read as. */
function howRead({encoding, delimiter, sheet}) {
  if (sheet) return t("mapping.sheet", {sheet});
  return encoding ? t("mapping.detected", {encoding, delimiter: delimiter === "\t" ? "TAB" : delimiter}) : "";
}

function choiceOf(name, columns, {mapping, defaults}) {
  const options = [h("option", {value: "", t: "mapping.none"}), ...columns.map((column) => h("option", {value: column}, column))];
  const column = h("select", {"data-field": name}, ...options);
  column.value = mapping[name] ?? "";
  const fallback = h("input", {label: "mapping.default", placeholder: t("mapping.default"), value: defaults[name] ?? "", hidden: !WITH_DEFAULT.includes(name)});
  const sample = h("span.small.soft.sample");
  const element = field(`field.${name}`, column, sample, fallback);
  element.classList.toggle("required", REQUIRED.includes(name));
  const cellOf = (row) => valueIn(row, name, columns.indexOf(column.value));
  const show = ({rows = []}) => {
    const text = column.value && rows.map(cellOf).find(Boolean);
    sample.hidden = !text;
    sample.textContent = t("mapping.sample", {text: text ?? ""});
  };
  const isChosen = () => Boolean(column.value || fallback.value.trim());
  return {name, column, fallback, element, show, cellOf, isChosen};
}

/** The rows of a preview, in the fields that have been chosen. */
function firstRows({rows = [], fault}, choices) {
  if (!rows.length) return h("p.empty", {}, fault?.message ?? t("none"));
  const shown = choices.filter(({isChosen}) => isChosen());
  const head = h("tr", {}, h("th", {t: "rejects.line"}), ...shown.map(({name}) => h("th", {t: `field.${name}`})), h("th", {t: "rejects.reason"}));
  return h("div.tables", {tabindex: "0", role: "region", label: "mapping.rows"},
    h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows.slice(0, 20).map((row) => firstRow(row, shown)))));
}

function firstRow(row, shown) {
  const {line, errors = []} = row;
  const reasons = errors.map((error) => `${fieldName(error.field)} ${reasonOf(error)}`).join("; ");
  return h(`tr${errors.length ? ".faulty" : ""}`, {}, h("td.numbers", {}, String(line)),
    ...shown.map(({cellOf}) => h("td.clip", {}, cellOf(row))), h("td.reasons", {}, reasons));
}
