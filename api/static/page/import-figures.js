import {bar} from "./bar.js";
import {bytes, duration} from "./format.js";
import {h} from "./dom.js";
import {logWords} from "./server-words.js";
import {number, say, t} from "./i18n.js";

const OUTCOMES = ["created", "updated", "unchanged", "skipped"];
const FIGURES = ["rows", "accepted", "rejected", "rate", "left"];

/** How far an import is: bars, figures, the line that was read last. */
export function importFigures() {
  const bytesBar = bar("watch.bytes");
  const rowsBar = bar("watch.rows");
  const values = Object.fromEntries(FIGURES.map((name) => [name, h("dd", {}, "–")]));
  const leftName = h("dt", {t: "watch.left"});
  const last = h("p.last-line");
  const outcome = h("p.small.soft", {"data-outcome": "", hidden: true});
  const figureOf = (name) => {
    const tone = {accepted: ".good", rejected: ".bad"}[name] ?? "";
    const title = name === "left" ? leftName : h("dt", {t: `watch.${name}`});
    return h(`div.figure${tone}`, {"data-figure": name}, title, values[name]);
  };
  /** A count in a colour says that something was: none has none, nor what was undone. */
  const count = (name, value, isSo = true) => {
    values[name].textContent = number(value);
    values[name].parentElement.toggleAttribute("data-none", value === 0 || !isSo);
  };
  const paintBars = ({sent, sentTotal, arrived, totalBytes, progress}) => {
    const total = sentTotal || totalBytes || 0;
    const done = sentTotal ? sent : arrived;
    bytesBar.show(total ? (100 * done) / total : 0, t("watch.of", {done: bytes(done), total: bytes(total)}));
    rowsBar.show(progress, `${number(Math.floor(progress))} %`);
  };
  /** @param {import("./import-model.js").ImportModel} model */
  const paint = (model) => {
    paintBars(model);
    values.rows.textContent = number(model.rows);
    // Nothing went in: a green count would say that something did.
    const accepted = model.isAtomic && model.status === "failed" ? 0 : model.accepted;
    count("accepted", accepted, model.status !== "undone");
    count("rejected", model.rejected);
    outcome.textContent = outcomeOf(model);
    outcome.hidden = !outcome.textContent;
    values.rate.textContent = model.rowsPerSecond === null ? "–" : number(Math.round(model.rowsPerSecond));
    values.left.textContent = duration(model.hasEnded ? model.seconds : model.secondsLeft);
    say(leftName, model.hasEnded ? "watch.took" : "watch.left");
    last.textContent = (!model.hasEnded && noteOf(model)) || "\u00a0";
    last.hidden = model.hasEnded;
  };
  return {
    elements: [
      h("div.bars", {}, bytesBar.element, rowsBar.element),
      h("dl.figures", {}, ...FIGURES.map(figureOf)),
      outcome,
      last,
    ],
    paint,
  };
}

function noteOf({line, title, note}) {
  if (line) return title ? t("watch.line", {line, title}) : t("watch.lineAlone", {line});
  return note ? logWords(note) : "";
}

/** What became of accepted rows, where they met events that were there: only new ones go without saying. */
function outcomeOf({outcomes, isOver, isDryRun, status}) {
  const met = ["updated", "unchanged", "skipped"].some((name) => outcomes[name]);
  if (!isOver || !met || isDryRun || status === "undone") return "";
  return OUTCOMES.filter((name) => outcomes[name])
    .map((name) => t(`watch.${name}`, {count: outcomes[name]}))
    .join(" · ");
}
