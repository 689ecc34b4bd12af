import {adviceOf, choiceOf, verdictOf} from "./findings.js";
import {duration} from "/static/page/format.js";
import {h} from "/static/page/dom.js";
import {announce} from "/static/page/tell.js";
import {probePoll, probeSse, probeWs} from "./probes.js";
import {say, startLanguage, t} from "/static/page/i18n.js";

/** Longer than two heartbeats, so that what cuts silent connections shows itself. */
const WATCH_MS = 33_000;
const POLL_WAIT_SECONDS = 25;

const LOOKS = {
  good: "chip.good",
  held: "chip.warn",
  cut: "chip.warn",
  mute: "chip.warn",
  refused: "chip.bad",
};

/** @param {HTMLElement} root */
async function diagnose(root) {
  const {watchMs, pollSeconds} = lengths();
  const cards = {sse: card("sse"), ws: card("ws"), poll: card("poll")};
  const wait = h("p.soft.numbers", {"data-wait": ""});
  const outcome = h("section.card.stack", {"data-outcome": ""}, wait);
  root.replaceChildren(
    h("div.view-head", {}, h("div", {}, h("h1", {t: "diagnose.title"}), h("p", {t: "diagnose.lead"}))),
    h("div.charts", {}, ...Object.values(cards).map(({element}) => element)),
    outcome,
  );
  const stop = countDown(wait, watchMs);
  const probes = {sse: probeSse(watchMs), ws: probeWs(watchMs), poll: probePoll(pollSeconds)};
  const found = await Promise.all(
    Object.entries(probes).map(([name, probe]) =>
      probe.then((finding) => (cards[name].show(finding), [name, finding])),
    ),
  );
  stop();
  conclude(outcome, Object.fromEntries(found));
}

/** Say how many seconds are left, each second. @returns {() => void} Ends it. */
function countDown(place, ms) {
  const end = performance.now() + ms;
  const tell = () => {
    const count = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    say(place, "diagnose.wait", {count});
  };
  tell();
  const ticking = setInterval(tell, 1000);
  return () => clearInterval(ticking);
}

/** `?seconds=` shortens the watch, for who only wants to know whether anything comes through. */
function lengths() {
  const seconds = Number(new URLSearchParams(location.search).get("seconds"));
  const given = seconds >= 1 && seconds <= 120;
  return given
    ? {watchMs: seconds * 1000, pollSeconds: Math.min(55, Math.floor(seconds))}
    : {watchMs: WATCH_MS, pollSeconds: POLL_WAIT_SECONDS};
}

function card(transport) {
  const chip = h("span.chip", {t: "diagnose.trying"});
  const facts = h("ul.small.soft");
  const show = (finding) => {
    const verdict = verdictOf(transport, finding);
    chip.className = LOOKS[verdict].replace(".", " ");
    say(chip, `diagnose.verdict.${verdict}`);
    facts.replaceChildren(...factsOf(finding).map((fact) => h("li", {}, fact)));
  };
  return {
    show,
    element: h(
      "section.card",
      {"data-probe": transport},
      h("div.card-head", {}, h("h2", {t: `transport.${transport}`}), chip),
      facts,
    ),
  };
}

/** @param {import("./probes.js").Finding} finding */
function factsOf({status, helloMs, cutMs, encoding, pongMs, server}) {
  return [
    helloMs === null
      ? t("diagnose.fact.noHello")
      : t("diagnose.fact.hello", {time: duration(helloMs / 1000)}),
    pongMs !== null && t("diagnose.fact.pong", {time: duration(pongMs / 1000)}),
    cutMs === null ? t("diagnose.fact.lasted") : t("diagnose.fact.cut", {time: duration(cutMs / 1000)}),
    encoding && t("diagnose.fact.encoding", {encoding}),
    status !== null && t("diagnose.fact.status", {status: String(status)}),
    server && t("diagnose.fact.server", {server}),
  ].filter(Boolean);
}

function conclude(outcome, findings) {
  const verdicts = Object.fromEntries(
    Object.entries(findings).map(([name, finding]) => [name, verdictOf(name, finding)]),
  );
  const choice = choiceOf(verdicts);
  const result = choice
    ? t("diagnose.choice", {transport: t(`transport.${choice}`)})
    : t("diagnose.choice.none");
  const advice = adviceOf(verdicts, findings).map((key) => t(key));
  const report = h("textarea.mono", {readonly: true, rows: "14", label: "diagnose.report"});
  report.value = reportOf(findings, verdicts, result, advice);
  outcome.dataset.choice = choice ?? "none";
  if (choice) announce("diagnose.choice", {transport: t(`transport.${choice}`)}, {important: true});
  else announce("diagnose.choice.none", {}, {important: true});
  outcome.replaceChildren(
    h("h2", {}, result),
    h("ul.stack", {}, ...advice.map((text) => h("li", {}, text))),
    h("h3", {t: "diagnose.report"}),
    report,
    h("div.row", {}, h("button.primary", {type: "button", t: "diagnose.copy", onclick: () => copy(report)})),
  );
}

function reportOf(findings, verdicts, result, advice) {
  const lines = Object.entries(findings).map(([name, finding]) =>
    [
      `${t(`transport.${name}`)}: ${t(`diagnose.verdict.${verdicts[name]}`)}`,
      ...factsOf(finding).map((fact) => `  - ${fact}`),
    ].join("\n"),
  );
  return [
    `FastTrack, ${location.origin}, ${new Date().toISOString()}`,
    navigator.userAgent,
    "",
    ...lines,
    "",
    result,
    ...advice.map((text) => `* ${text}`),
  ].join("\n");
}

/** The clipboard needs https or loopback; selecting works everywhere. */
function copy(report) {
  report.select();
  navigator.clipboard?.writeText(report.value).catch(() => {});
}

startLanguage();
void diagnose(document.getElementById("main"));
