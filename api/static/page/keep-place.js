/** Redraws parts of the page under the hands of whoever uses them. */

/**
 * Redraw, and give the keyboard back to what it was on: to the element with the same `data-keep` below
 * `root`, with the caret and what was selected. What scrolls and has one stays where it was, too.
 *
 * @param {HTMLElement} root
 * @param {() => void} redraw
 */
export function keepingPlace(root, redraw) {
  const held = document.activeElement;
  const key = held && root.contains(held) ? held.dataset.keep : undefined;
  const scrolls = [...root.querySelectorAll("[data-keep]")]
    .filter(({scrollLeft, scrollTop}) => scrollLeft || scrollTop)
    .map(({dataset, scrollLeft, scrollTop}) => ({keep: dataset.keep, scrollLeft, scrollTop}));
  const selected = key === undefined ? null : selectionIn(held);
  redraw();
  for (const {keep, ...scrolled} of scrolls) Object.assign(kept(root, keep) ?? {}, scrolled);
  if (key === undefined || document.activeElement === held) return;
  const again = kept(root, key);
  again?.focus({preventScroll: true});
  if (selected && selectionIn(again)) again.setSelectionRange(...selected);
}

/**
 * @param {Element | null} element
 * @returns {[number, number, any] | null} Where the caret is, or what is selected; null where no text is.
 */
function selectionIn(element) {
  // Numbers and radios have none, and refuse to be given one.
  if (!(element instanceof HTMLInputElement) || element.selectionStart === null) return null;
  return [element.selectionStart, element.selectionEnd, element.selectionDirection];
}

const kept = (root, key) => root.querySelector(`[data-keep="${CSS.escape(key)}"]`);

/** Put children where others may be: who is among the same ones is not disturbed. */
export function place(parent, children) {
  const same = children.length === parent.childElementCount;
  if (same && children.every((child, at) => child === parent.children[at])) return;
  parent.replaceChildren(...children);
}

/**
 * Elements that are built once for all that they are made of, and again when that differs: a control in use
 * stays the one that is used.
 */
export class Built {
  /** @type {Map<string, {from: string, element: any}>} */
  #known = new Map();

  /**
   * @param {string} name
   * @param {any} from All that it is made of, as JSON.
   * @param {() => any} build
   */
  get(name, from, build) {
    const text = JSON.stringify(from);
    const known = this.#known.get(name);
    if (known?.from === text) return known.element;
    const element = build();
    this.#known.set(name, {from: text, element});
    return element;
  }
}
