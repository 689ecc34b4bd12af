import {h, icon, ICONS, select} from "./dom.js";

/**
 * Where a file comes in: dropped anywhere on the page, or chosen.
 *
 * @param {(file: File, options: Record<string, string>) => void} onFile Options by their names in the API.
 * @returns {HTMLElement}
 */
export function dropzone(onFile) {
  const dryRun = h("input", {type: "checkbox", name: "dry_run"});
  const atomic = h("input", {type: "checkbox", name: "mode"});
  const dates = select([["iso", "option.iso"], ["dmy", "option.dmy"]], {label: "option.dates", name: "date_format"});
  const options = () => ({
    ...(dryRun.checked && {dry_run: "true"}), ...(atomic.checked && {mode: "atomic"}),
    ...(dates.value !== "iso" && {date_format: dates.value}),
  });
  const input = h("input", {type: "file", hidden: true, accept: ".csv,.tsv,.txt,.xlsx,text/csv", onchange: () => taken(input.files[0])});
  const taken = (file) => {
    input.value = "";
    if (file) onFile(file, options());
  };
  const zone = h("div.drop.for-editors", {"data-drop": ""},
    icon(ICONS.upload, 40), h("strong", {t: "drop.title"}), h("p.soft", {t: "drop.or"}), input,
    h("div.row", {}, h("button.primary", {type: "button", t: "drop.choose", onclick: () => input.click()}),
      h("a.button", {href: "/api/v1/uploads/template.csv", download: "template.csv", t: "drop.template"})),
    h("div.row", {}, check(dryRun, "option.dryRun"), check(atomic, "option.atomic"), h("label.check", {}, h("span", {t: "option.dates"}), dates)));
  acceptDrops(zone, taken);
  return zone;
}

const check = (box, key) => h("label.check", {}, box, h("span", {t: key}));

/** Anywhere on the page: a file that misses the zone would replace the page. */
function acceptDrops(zone, taken) {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  const over = (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  };
  const drop = (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    if (!zone.hidden) taken(event.dataTransfer.files[0]);
  };
  document.addEventListener("dragover", over);
  document.addEventListener("drop", drop);
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && zone.classList.remove("over"));
}
