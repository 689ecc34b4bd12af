import {h} from "./dom.js";

/**
 * A button that opens a panel below it; Escape and a click elsewhere close it.
 *
 * @param {HTMLElement} place
 * @param {HTMLElement} button
 * @param {Node[]} content
 * @param {() => void} [onOpen]
 */
export function popover(place, button, content, onOpen = () => {}) {
  const panel = h("div.pop.stack", {hidden: true}, ...content);
  const open = (isOpen) => {
    panel.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) onOpen();
  };
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => open(panel.hidden));
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    open(false);
    button.focus();
  });
  document.addEventListener("click", (event) => place.contains(event.target) || open(false));
  place.replaceChildren(button, panel);
}
