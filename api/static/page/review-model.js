/** What a person decides about a file before it is imported. Pure: answers of the server in, options out. */

export const FIELDS = [
  "title",
  "event_date",
  "event_time",
  "city",
  "description",
  "participants",
  "local_info.location_name",
  "local_info.capacity",
  "local_info.venue_type",
  "local_info.is_accessible",
  "local_info.address",
  "local_info",
  "id",
];
export const REQUIRED = ["title", "event_date", "city"];

/** Fields for which one value often holds for a whole file. */
export const WITH_DEFAULT = [...REQUIRED, "local_info.location_name", "local_info.venue_type"];

/** A column `local` may hold the name of a venue or its JSON: to a person it is the place. */
const EITHER = "local";
const PLACE = "local_info.location_name";

/** Examples of a column that are shown. */
const EXAMPLES = 3;

/** The server shows so many characters of a name: one that may go on is called by its place. */
const SHOWN = 80;

/** Why there is no column of dates: the days stand elsewhere, and one date for all rows would be wrong. */
const APART = ["headings", "parts", "no_year", "no_month"];

/**
 * @typedef {{name: string, field: string | null, examples: string[]}} Column
 * @typedef {Record<string, any>} Preview As the server answers it.
 */
export class Review {
  constructor() {
    /** @type {Column[]} */
    this.columns = [];
    /** @type {Record<string, string>} Field to a value for every row that has none. */
    this.defaults = {};
    /** @type {Record<string, Record<string, string>>} Field to cells and what replaces them. */
    this.values = {};
    /** Further options, by their names in the API. @type {Record<string, string>} */
    this.chosen = {};
    this.touched = false;
    /** Whether it goes on with what a person decided, whatever was decided for other files. */
    this.isDecided = false;
  }

  /** The mapping of `restore`, until there are columns. @type {Record<string, string | null> | null} */
  #restored = null;

  /**
   * Columns that the server proposes for fields and would not read by itself: as they are shown chosen, they
   * are sent. @type {Record<string, string>}
   */
  #adopted = {};

  /**
   * Take over how the server reads the file; what a person chose stays.
   *
   * @param {Preview} preview
   * @returns {boolean} Whether columns are other fields now than the server read them as.
   */
  read(preview) {
    const names = preview.columns.map(({name}) => name);
    const isSame = names.join("\u001f") === this.columns.map(({name}) => name).join("\u001f");
    if (isSame && this.touched) return false;
    const proposed = fieldsByColumn(preview, names);
    this.columns = names.map((name, at) => ({
      name,
      field: proposed[at],
      examples: examplesOf(preview, at, proposed[at]),
    }));
    if (!isSame) this.touched = false;
    const restored = this.#restored;
    this.#restored = null;
    if (!restored || !names.length) return this.#adopt(preview, isSame);
    this.#map(restored);
    return (this.touched = true);
  }

  /** The file is read in another way: its columns may have other names, and are proposed anew. */
  readAnew() {
    this.#adopted = {};
  }

  /** Go on with options that were decided before; columns get their fields once they are read. */
  restore({mapping = null, defaults = {}, values = {}, ...chosen}) {
    // One that says of some fields only what was proposed for them comes again with the proposal.
    this.#restored = mapping && FIELDS.every((field) => field in mapping) ? mapping : null;
    Object.assign(this, {defaults, values, chosen});
    this.isDecided = true;
  }

  /**
   * What was decided for files of this shape before.
   *
   * @param {{mapping?: any, defaults?: any, values?: any, date_format?: string} | null} remembered
   * @param {Record<string, any> | null} fault Of this file.
   */
  remember(remembered, fault = null) {
    if (!remembered) return;
    const {mapping, defaults, values, date_format: order} = remembered;
    if (mapping) this.#map(mapping);
    Object.assign(this.defaults, defaults ?? {});
    // The date of that file's rows is not that of each of these.
    if (fault && defaults?.event_date && tellsWhereDaysAre(fault)) delete this.defaults.event_date;
    Object.assign(this.values, values ?? {});
    if (order && order !== "auto") this.chosen.date_format = order;
    this.touched = Boolean(mapping);
  }

  /**
   * Take the columns that are shown as fields and are not read so without a mapping: those of a proposal, and
   * all of a file that lacks columns without it.
   *
   * @returns {boolean} Whether there are others than before.
   */
  #adopt({columns, fault}, isSame) {
    const isMended = fault?.code === "missing_columns";
    const isNew = (read) => read !== EITHER && (isMended || !read);
    const found = this.columns.flatMap(({field}, at) =>
      field && isNew(columns[at].field) ? [[field, this.#named(at)]] : [],
    );
    // Of what has another fault the columns are not certain yet.
    const isCertain = !fault || isMended;
    const adopted = {...(isSame && this.#adopted), ...(isCertain && Object.fromEntries(found))};
    const isOther = JSON.stringify(adopted) !== JSON.stringify(this.#adopted);
    this.#adopted = adopted;
    return isOther;
  }

  #map(mapping) {
    for (const column of this.columns) if (column.field && column.field in mapping) column.field = null;
    for (const [field, name] of Object.entries(mapping)) {
      const column = name && this.columns[columnAt(name, this.columns)];
      if (column) column.field = field;
    }
  }

  /** One column is one field: another one that was it is not used any more. */
  choose(at, field) {
    this.touched = true;
    if (field) for (const column of this.columns) if (column.field === field) column.field = null;
    this.columns[at].field = field || null;
  }

  /** @param {string} field @param {string} from @param {string} to */
  replace(field, from, to) {
    this.values[field] = {...this.values[field], [from]: to};
  }

  /** Required fields that get nothing. */
  get missing() {
    return REQUIRED.filter((field) => !this.has(field) && !this.defaults[field]?.trim());
  }

  has(field) {
    return this.columns.some((column) => column.field === field);
  }

  /** @returns {Record<string, any>} Of the preview, the check and the import. */
  get options() {
    const defaults = Object.fromEntries(Object.entries(this.defaults).filter(([, value]) => value?.trim()));
    const mapping = this.touched ? this.#mapping : this.#adopted;
    return {
      ...this.chosen,
      ...(Object.keys(mapping).length && {mapping}),
      ...(Object.keys(defaults).length && {defaults}),
      ...(Object.keys(this.values).length && {values: this.values}),
    };
  }

  /** What each field is; what is not used is said, too. */
  get #mapping() {
    const uses = new Map(this.columns.flatMap((column, at) => (column.field ? [[column.field, at]] : [])));
    return Object.fromEntries(
      FIELDS.map((field) => [field, uses.has(field) ? this.#named(uses.get(field)) : null]),
    );
  }

  /** A column by its name where that is its alone, else by its place. */
  #named(at) {
    const {name} = this.columns[at];
    const key = name.trim().toLowerCase();
    const isAlone = key && this.columns.filter((each) => each.name.trim().toLowerCase() === key).length === 1;
    return isAlone && !name.startsWith("#") && [...name].length < SHOWN ? name : `#${at + 1}`;
  }
}

/** Which field each column is read as, or would be by the server's proposal. */
function fieldsByColumn({columns, mapping = {}}, names) {
  const fields = columns.map(({field}) => (field === EITHER ? PLACE : (field ?? null)));
  for (const [field, name] of Object.entries(mapping)) {
    const at = columnAt(
      name,
      names.map((each) => ({name: each})),
    );
    if (at >= 0 && !fields.includes(field)) fields[at] ??= field;
  }
  return fields;
}

function columnAt(name, columns) {
  const place = /^#(\d+)$/.exec(name);
  return place ? Number(place[1]) - 1 : columns.findIndex((column) => column.name === name);
}

/** The first cells of a column that differ; of a row that reads well, what was made of the cell. */
function examplesOf({columns, rows = [], unused = []}, at, field) {
  if (columns[at].examples?.length) return columns[at].examples;
  const cells = rows.map((row) => row.cells?.[at] || memberOf(row.event, field));
  const known = unused.find(({column}) => column === at + 1)?.values ?? [];
  return [...new Set([...cells, ...known].filter((cell) => typeof cell === "string" && cell.trim()))].slice(
    0,
    EXAMPLES,
  );
}

/** What an event has for a field, as text. */
export function memberOf(event, field) {
  if (!event || !field) return "";
  const [outer, inner] = field.split(".");
  const value = inner ? event[outer]?.[inner] : event[outer];
  if (value == null || (outer === "local_info" && !inner)) return "";
  return Array.isArray(value) ? value.join("; ") : String(value);
}

/** Whether a date may be read in two orders, or contradicts the order that another one proved. */
const isOfTwoOrders = ({code, rule}) =>
  code === "ambiguous_date" || rule === "dmy_proved" || rule === "mdy_proved";

/** Whether the file leaves open which part of its dates is the day: the one thing that is asked. */
export const asksForDateOrder = ({rows = []}, check) =>
  rows.some(({errors}) => errors?.some(isOfTwoOrders)) || Boolean(check?.problems?.some(isOfTwoOrders));

/** Only tables have a line of column names. */
const isTable = ({delimiter, sheet}) => Boolean(delimiter || sheet);

/** Whether the columns of a file got no names that are known, so that another line may have them, or none. */
const lacksHeader = (preview) => isTable(preview) && preview.fault?.code === "missing_columns";

/** Whether a fault says where the days of a file stand, beyond that a column is to be chosen. */
export const tellsWhereDaysAre = ({code = "", rule = ""}) =>
  code === "missing_columns" && APART.includes(rule);

/** Whether rows below begin a table of their own. */
const hasOtherHeader = ({code}) => code === "other_header";

/** Whether it is worth asking which line names the columns. */
export const asksForHeaderRow = (preview, check) =>
  isTable(preview) &&
  (preview.header_row > 1 ||
    lacksHeader(preview) ||
    preview.rows?.some(({errors}) => errors?.some(hasOtherHeader)) ||
    Boolean(check?.problems?.some(hasOtherHeader)));

/** What a whole check says of the events that are there already. */
export function existingIn(check) {
  const {changed = 0, same = 0, key = []} = check?.existing ?? {};
  return {count: changed + same, changed, same, hasIds: key.includes("id")};
}

/** How many events an import would write: those that stay as they are are not among them. */
export function writtenBy(check, onDuplicate) {
  const {changed, same} = existingIn(check);
  return check.accepted - ({update: same, skip: changed + same}[onDuplicate] ?? 0);
}
