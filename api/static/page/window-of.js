/** Which rows of a long list are on screen. */

const MARGIN_ROWS = 6;

/**
 * @param {{scrollTop: number, height: number, rowHeight: number, count: number}} view Pixels, rows.
 * @returns {{first: number, end: number}} Rows to draw, `end` excluded.
 */
export function windowOf({scrollTop, height, rowHeight, count}) {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN_ROWS);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + MARGIN_ROWS);
  return {first: Math.min(first, count), end};
}
