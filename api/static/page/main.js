import {acceptDrops} from "./drop-anywhere.js";
import {DashboardView} from "./dashboard-view.js";
import {EventsView} from "./events-view.js";
import {icon, ICONS} from "./dom.js";
import {get} from "./api.js";
import {ImportView} from "./import-view.js";
import {notifications} from "./notifications.js";
import {startLive} from "./live.js";
import {signedIn} from "./session.js";
import {nextLanguage, startLanguage, switchLanguage} from "./i18n.js";
import {startViews} from "./router.js";
import {switchTheme} from "./theme.js";
import {TasksView} from "./tasks-view.js";
import {toastFault} from "./tell.js";
import {transportChip} from "./transport-chip.js";
import {WebhooksView} from "./webhooks-view.js";

/** Put the page together. */
async function start() {
  startLanguage();
  button("theme", ICONS.sun, switchTheme);
  const language = button("language", ICONS.globe, switchLanguage);
  // In the language that it switches to: who looks for it reads that one.
  const label = () => {
    language.setAttribute("aria-label", nextLanguage().choose);
    language.lang = nextLanguage().tag;
  };
  document.addEventListener("language", label);
  label();
  const who = await signedIn(document.getElementById("session"));
  followAs(who?.role);
  if (who?.role === "admin") void notifications(document.getElementById("notifications"));
  /** @type {Record<string, (root: HTMLElement) => import("./router.js").View>} */
  const build = {
    import: (root) => new ImportView(root),
    events: (root) => new EventsView(root),
    dashboard: (root) => new DashboardView(root),
    tasks: (root) => new TasksView(root),
  };
  if (who?.role === "admin") build.webhooks = (root) => new WebhooksView(root);
  // Who may only read has nothing to import.
  startViews(build, who?.role === "viewer" ? "events" : "import");
  if (who?.role !== "viewer") acceptDrops();
}

function button(id, path, onClick) {
  const element = document.getElementById(id);
  element.append(icon(path));
  element.addEventListener("click", onClick);
  return element;
}

/** Being present is what shows others that this person is online, and tells how the feed comes. */
function followAs(role) {
  const show = transportChip(document.getElementById("transport"), () => feed.retry());
  const feed = startLive(role, (status) => {
    show(status);
    if (status.state === "forbidden") void reloadAsAnother(role);
  });
}

/** Who has another role than when the page came has another page. */
async function reloadAsAnother(role) {
  const who = await get("/session").catch(() => null);
  if (who && who.role !== role) location.reload();
}

start().then(() => (document.documentElement.dataset.ready = ""), toastFault);
