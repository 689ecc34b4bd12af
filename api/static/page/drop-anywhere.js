import {go} from "./router.js";
import {h, icon, ICONS} from "./dom.js";
import {t} from "./i18n.js";
import {toast} from "./tell.js";

/** Files that were dropped or pasted, for the view that imports them. */
const dropped = new EventTarget();

/** @param {(files: File[]) => void} take */
export const onFiles = (take) =>
  dropped.addEventListener("files", (event) => take(/** @type {CustomEvent} */ (event).detail));

/** Take files anywhere on the page, and rows copied from a spreadsheet. */
export function acceptDrops() {
  const overlay = h(
    "div.drop-overlay",
    {hidden: true, "aria-hidden": "true"},
    icon(ICONS.upload, 48),
    h("strong", {t: "drop.here"}),
  );
  document.body.append(overlay);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (isOver) => (overlay.hidden = !isOver);
  document.addEventListener("dragover", (event) => hasFiles(event) && (event.preventDefault(), show(true)));
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && show(false));
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(false);
    offer([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const files = [...(event.clipboardData?.files ?? [])];
    const rows = rowsIn(event.clipboardData?.getData("text/plain") ?? "");
    if (files.length) offer(files);
    else if (rows) offer([rows]);
  });
}

/** Hand files to the view that imports, which is shown first. */
export function offer(files) {
  if (!files.length) return;
  // What was typed into a dialog would be out of sight behind it.
  if (document.querySelector("dialog:modal")) return toast(t("drop.dialogFirst"));
  if (!/^#import(?:$|\?)/.test(location.hash)) go("#import");
  // The view may have to be built first: it listens from then on.
  setTimeout(() => dropped.dispatchEvent(new CustomEvent("files", {detail: files})));
}

/** Cells copied from a spreadsheet come as lines with tabs. @returns {File | null} */
function rowsIn(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.includes("\t"));
  return lines.length > 1 ? new File([text], t("drop.pasted"), {type: "text/tab-separated-values"}) : null;
}
