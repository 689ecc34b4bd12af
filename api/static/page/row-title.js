/** What a rejected row is called, for people to know which event it is. Pure. */

/** Cells that stand for a title, those of fields first. */
const INSTEAD = ["event_date", "event_time", "city", "local_info.location_name"];
const CELLS = 3;

/** Characters of one cell. */
const LENGTH = 80;

/**
 * @param {string[]} cells
 * @param {{field: string | null}[]} columns Of the file, in its order.
 * @returns {string} The title; where it is blank, the first cells that say when and where.
 */
export function rowTitle(cells, columns) {
  const cellOf = (field) => cells[columns.findIndex((column) => column.field === field)]?.trim() ?? "";
  const title = cellOf("title");
  if (title) return excerpt(title);
  const known = INSTEAD.map(cellOf).filter(Boolean);
  const told = known.length ? known : cells.map((cell) => cell.trim()).filter(Boolean);
  return told.slice(0, CELLS).map(excerpt).join(" · ");
}

function excerpt(text) {
  const characters = [...text.slice(0, 2 * LENGTH + 2)];
  return characters.length > LENGTH ? `${characters.slice(0, LENGTH).join("")}…` : text;
}
