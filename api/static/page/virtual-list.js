import {h, oncePerFrame} from "./dom.js";
import {windowOf} from "./window-of.js";

/** Rows that are printed at most: some thirty pages. */
const PRINTED = 500;

/**
 * A list of any length that scrolls with the page: only rows on screen are drawn. All rows are of one
 * height, which the style gives as `--event-row`.
 */
export class VirtualList {
  #count = 0;
  #drawn = "";
  #isPrinting = false;

  /**
   * @param {{row: (item: any) => HTMLElement, at: (place: number) => any,
   *   onWindow: (first: number, end: number) => void}} of `at`: undefined for an item that is yet to come;
   *   `onWindow`: these places are looked at.
   */
  constructor({row, at, onWindow}) {
    this.of = {row, at, onWindow};
    this.element = h("div.virtual", {role: "list", tabindex: "-1"});
    this.redraw = oncePerFrame(() => this.#draw());
    addEventListener("scroll", this.redraw, {passive: true});
    addEventListener("resize", () => this.draw());
    // Paper has no scroll bar: all that was read goes on it.
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
  }

  /** At once: the browser takes what is there when its event is over. */
  #print(isPrinting) {
    this.#isPrinting = isPrinting;
    this.#drawn = "";
    this.#draw();
  }

  /** How many items from the first on can be printed. */
  get printable() {
    let end = 0;
    while (end < Math.min(this.#count, PRINTED) && this.of.at(end) !== undefined) end += 1;
    return end;
  }

  /** @param {number} count Of all items, those that are yet to come included. */
  show(count) {
    this.#count = count;
    this.draw();
  }

  /** Draw anew, also what looks the same: an item was changed. */
  draw() {
    this.#drawn = "";
    this.redraw();
  }

  #draw() {
    if (!this.element.isConnected || this.element.closest("[hidden]")) return;
    const rowHeight = parseFloat(getComputedStyle(this.element).getPropertyValue("--event-row"));
    const {top} = this.element.getBoundingClientRect();
    const count = this.#count;
    this.element.style.height = `${count * rowHeight}px`;
    const {first, end} = this.#isPrinting
      ? {first: 0, end: this.printable}
      : windowOf({scrollTop: Math.max(0, -top), height: innerHeight, rowHeight, count});
    if (!this.#isPrinting) this.of.onWindow(first, end);
    const drawn = `${first}-${end}-${rowHeight}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#keepFocus(() =>
      this.element.replaceChildren(
        ...Array.from({length: end - first}, (_, at) => this.#rowAt(first + at, rowHeight)),
      ),
    );
  }

  #rowAt(at, rowHeight) {
    const item = this.of.at(at);
    const row = item === undefined ? h("div.item.awaited", {"aria-busy": "true"}) : this.of.row(item);
    row.setAttribute("role", "listitem");
    row.setAttribute("aria-posinset", String(at + 1));
    row.setAttribute("aria-setsize", String(this.#count));
    row.style.transform = `translateY(${at * rowHeight}px)`;
    return row;
  }

  /** Leave the keyboard on the same control of the same item. */
  #keepFocus(redraw) {
    const row = document.activeElement?.closest("[data-item]");
    const controls = row && this.element.contains(row) ? [...row.querySelectorAll("button, input, a")] : [];
    const at = controls.indexOf(document.activeElement);
    redraw();
    if (at < 0) return;
    const again = this.element.querySelectorAll(`[data-item="${row.dataset.item}"] :is(button, input, a)`);
    // To scroll to it would fight with whoever scrolls away.
    again[at]?.focus({preventScroll: true});
  }
}
