/**
 * The tag of an event of a list: a call with it in If-Match is refused if it was changed meanwhile, and if
 * the server, restored from a backup, has another event under its number.
 *
 * @param {{id: number, version: number, updated_at: string}} event
 */
export const tagOf = (event) => `"${event.id}-${event.version}-${event.updated_at}"`;
