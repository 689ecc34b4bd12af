import {connect as connectTo} from "/client/fasttrack.js";

/** Where this server's addresses begin: a path prefix behind a proxy, else empty. */
export const PREFIX = document.documentElement.dataset.prefix ?? "";

/** Read feeds of the server that the page came from. */
export const connect = (feeds, options = {}) => connectTo(feeds, {...options, base: PREFIX});
