import {fieldName} from "./format.js";
import {h} from "./dom.js";
import {generalWords, offerText, reasonOf} from "./problem-words.js";
import {number, t} from "./i18n.js";

/** Groups that are shown until somebody asks for the others, the rare ones of a bad file. */
const SHOWN = 8;

/** Values of one group that are shown. */
const VALUES = 5;

/** Fields whose cells can be replaced by the option `values`. */
const REPLACEABLE = /^(?!$)(?!local_info$)/;

/**
 * Problems by field and kind, with how many there are; where every value has a suggestion, all are taken by
 * one click.
 *
 * @param {any[]} problems Of a check.
 * @param {{areAllShown: boolean, onAll: () => void,
 *   onReplace: (replacements: {field: string, from: string, to: string}[]) => void}} how
 */
export function problemGroups(problems, {areAllShown, onAll, onReplace}) {
  const shown = areAllShown ? problems : problems.slice(0, SHOWN);
  const groups = shown.map((group) => groupOf(group, onReplace));
  const left = problems.length - shown.length;
  if (left)
    groups.push(h("button", {type: "button", t: ["problems.moreKinds", {count: left}], onclick: onAll}));
  return groups;
}

function groupOf({field, code, count, example, values = []}, onReplace) {
  const withOne = values.filter(({value, suggestion}) => value && suggestion);
  const all = REPLACEABLE.test(field)
    ? withOne.map(({value, suggestion}) => ({field: shortName(field), from: value, to: suggestion}))
    : [];
  const covered = withOne.reduce((sum, {count: n}) => sum + n, 0);
  return h(
    "div.group",
    {"data-group": `${field} ${code}`, tabindex: "-1"},
    h("strong.numbers", {}, number(count)),
    h(
      "div",
      {},
      h("div", {}, `${fieldName(field)} ${wordsOf({code, field, example, values})}`.trim()),
      h("div.small.soft.values", {}, ...valuesOf(field, values)),
    ),
    all.length > 0 &&
      h("button", {
        type: "button",
        t: ["review.applyAll", {count: covered}],
        "data-keep": `group ${field} ${code}`,
        onclick: () => onReplace(all),
      }),
  );
}

/** What is wrong with the one value of a group exactly; else, or where a click mends all, in general. */
const wordsOf = ({code, field, example, values}) =>
  example && values.length < 2 && !values[0]?.suggestion
    ? reasonOf(example)
    : generalWords({code, field, message: example?.message});

/** The option names the members of a venue without its own name. */
const shortName = (field) => field.replace(/^local_info\./, "");

function* valuesOf(field, values) {
  for (const {value, suggestion, count} of values.slice(0, VALUES)) {
    const cell = value?.trim() ? `“${value}”` : t("review.blank");
    const told = suggestion ? `${cell} → ${offerText({field}, suggestion)}` : cell;
    yield h("span.value", {}, count > 1 ? `${told} (${number(count)})` : told);
  }
  if (values.length > VALUES) yield h("span", {t: ["review.moreValues", {count: values.length - VALUES}]});
}
