import {t} from "./i18n.js";

/** What is said to people: politely to screen readers, or visibly when something went wrong. */

const ANNOUNCE_EVERY_MS = 5000;
let lastAnnounced = -ANNOUNCE_EVERY_MS;
let hiding;

/** Announce, at most once in five seconds unless it matters: a live region must not chatter. */
export function announce(key, params, {important = false} = {}) {
  const now = performance.now();
  if (!important && now - lastAnnounced < ANNOUNCE_EVERY_MS) return;
  lastAnnounced = now;
  document.getElementById("announcer").textContent = t(key, params);
}

/** Show a sentence for a few seconds. */
export function toast(text) {
  const element = document.getElementById("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (element.hidden = true), 7000);
}

/** Say why a call failed. */
export function toastFault(fault) {
  toast(faultText(fault));
}

/** @param {import("./api.js").Fault} fault */
export function faultText({status, detail, code}) {
  if (code) return t(`error.${code}`) === `error.${code}` ? detail : `${t(`error.${code}`)} ${detail ?? ""}`;
  if (!status) return t("fault.network");
  const known = t(`fault.${status}`);
  if (known === `fault.${status}`) return t("fault.other", {detail: detail ?? String(status)});
  return detail ? `${known} (${detail})` : known;
}
