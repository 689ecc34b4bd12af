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
