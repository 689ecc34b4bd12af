/** What a mapping of columns is, and when one is needed. */

export const FIELDS = ["title", "event_date", "city", "description", "participants", "local_info", "local_info.location_name",
  "local_info.capacity", "local_info.venue_type", "local_info.is_accessible", "local_info.address"];
export const REQUIRED = ["title", "event_date", "city"];

/** Files with the same columns are mapped alike. @param {string[]} columns */
export const signatureOf = (columns) => columns.map((name) => name.trim().toLowerCase()).sort().join("\u001f");

/**
 * @param {Record<string, string>} mapping Field to column.
 * @param {Record<string, string>} defaults Field to value.
 * @returns {string[]} Required fields that get nothing.
 */
export const missingFields = (mapping, defaults) => REQUIRED.filter((field) => !mapping[field] && !defaults[field]?.trim());

/** Values that let the first rows be read before every required field has got its own. */
const STAND_INS = {title: "?", event_date: "2000-01-01", city: "?"};

export const withStandIns = ({mapping, defaults}) => {
  const standIns = missingFields(mapping, defaults).map((field) => [field, STAND_INS[field]]);
  return {mapping, defaults: {...defaults, ...Object.fromEntries(standIns)}};
};

/**
 * What a previewed row has for a field: as it was read, or of a faulty row the cell itself.
 *
 * @param {{event: any, cells: string[]}} row
 * @param {string} field
 * @param {number} column Where the field is in the file, -1 for nowhere.
 */
export function valueIn({event, cells}, field, column) {
  if (!event) return cells[column] ?? "";
  const [outer, inner] = field.split(".");
  const value = inner ? event[outer]?.[inner] : event[outer];
  if (value == null || (outer === "local_info" && !inner)) return "";
  return Array.isArray(value) ? value.join("; ") : String(value);
}

/** Leave out what is empty. */
export const filled = (members) => Object.fromEntries(Object.entries(members).filter(([, value]) => value?.trim()));

/** Those of a remembered mapping that this file still has. */
export const stillThere = (mapping, columns) =>
  Object.fromEntries(Object.entries(mapping ?? {}).filter(([, column]) => columns.includes(column)));

/** Mappings that people confirmed, by the signature of the columns; the last 20. */
export class RememberedMappings {
  /** @param {{load: () => any, save: (value: any) => void}} memory */
  constructor(memory) {
    this.memory = memory;
  }

  find(columns) {
    const found = (this.memory.load() ?? []).find(({signature}) => signature === signatureOf(columns));
    return found ? {mapping: stillThere(found.mapping, columns), defaults: found.defaults} : null;
  }

  keep(columns, {mapping, defaults}) {
    const signature = signatureOf(columns);
    const others = (this.memory.load() ?? []).filter((other) => other.signature !== signature);
    this.memory.save([{signature, mapping, defaults}, ...others].slice(0, 20));
  }
}
