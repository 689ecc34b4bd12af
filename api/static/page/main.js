import {connect} from "/client/fasttrack.js";
import {DashboardView} from "./dashboard-view.js";
import {EventsView} from "./events-view.js";
import {icon, ICONS} from "./dom.js";
import {ImportView} from "./import-view.js";
import {notifications} from "./notifications.js";
import {signedIn, signIn} from "./session.js";
import {startLanguage, switchLanguage, t} from "./i18n.js";
import {startViews} from "./views.js";
import {switchTheme} from "./theme.js";
import {TasksView} from "./tasks-view.js";
import {toastFault} from "./tell.js";
import {transportChip} from "./transport-chip.js";

/** Put the page together. */
async function start() {
  startLanguage();
  button("language", ICONS.globe, switchLanguage);
  button("theme", ICONS.sun, switchTheme);
  const who = await signedIn(document.getElementById("session"));
  watchConnection();
  if (who?.role === "admin") notifications(document.getElementById("notifications"));
  startViews({
    import: (root) => new ImportView(root), events: (root) => new EventsView(root),
    dashboard: (root) => new DashboardView(root), tasks: (root) => new TasksView(root),
  });
}

function button(id, path, onClick) {
  const element = document.getElementById(id);
  element.append(icon(path));
  element.dataset.tLabel = id;
  element.setAttribute("aria-label", t(id));
  element.addEventListener("click", onClick);
}

/** Being present is what shows others that this person is online, and tells how the feed comes. */
function watchConnection() {
  const show = transportChip(document.getElementById("transport"), () => feed.retry());
  const feed = connect("presenca", {
    onStatus: (status) => {
      show(status);
      if (status.state === "unauthorised") void signIn("session.expired").then(() => feed.retry());
    },
  });
}

start().then(() => (document.documentElement.dataset.ready = ""), toastFault);
