import {AGAIN_MS, call, Fault, get, whenSignedOut} from "./api.js";
import {confirmed} from "./confirm.js";
import {field, h} from "./dom.js";
import {lock} from "./form-dialog.js";
import {nextLanguage, say, switchLanguage} from "./i18n.js";
import {PREFIX} from "./server.js";
import {toastFault} from "./tell.js";
import {forgetUnsaved, hasUnsaved} from "./unsaved.js";
import {carryOutWaiting, forgetWaiting, waitingCount} from "./waiting.js";

/** Who uses the page; null where nobody is known. @type {{user: string, role: string} | null} */
let current = null;

/** Whether the person may change what this one has sent: the server refuses others. @param {string} actor */
export const mayChange = (actor) => !current || current.role === "admin" || current.user === actor;

/** Whether the person who uses the page did what this one has done. @param {string} actor */
export const isOwn = (actor) => current?.user === actor;

/**
 * Who uses the page. Waits for a sign-in where the server asks for one.
 *
 * @param {HTMLElement} place Of the name and the way out.
 * @returns {Promise<{user: string, role: string}>}
 */
export async function signedIn(place) {
  let who = named() ?? (await ask());
  if (!who) {
    await signIn("session.lead");
    who = await ask();
  }
  current = who;
  if (who) document.documentElement.dataset.role = who.role;
  if (who && who.via !== "open") place.replaceChildren(nameAndWayOut(who));
  whenSignedOut(() => comeBack(who));
  return who;
}

/**
 * Ask until the same person is back. What somebody typed, or deleted a moment ago, waits for that person:
 * another one begins anew, or lets the first one sign in again. Whoever signed in again in another tab is
 * back here, too.
 */
async function comeBack(who) {
  if (!who) return signIn("session.expired");
  let now = await backAlready();
  const isKept = () => hasUnsaved() || waitingCount() > 0;
  for (let lead = waitingCount() ? keptFor(who) : "session.expired"; ; lead = keptFor(who)) {
    if (!now) {
      await signIn(lead);
      late = MOST_LATE;
      now = await askedAgain();
    }
    if (isSame(now, who)) return;
    if (now?.user === who.user) return reloadWithRole();
    if (now && (!isKept() || (await isThrownAway(who, now)))) return beginAnew();
    await call("DELETE", "/session").catch(toastFault);
    now = null;
  }
}

let askedAt = -Infinity;

/** How many refusals of calls that were under way at the last sign-in may still come. */
let late = 0;

/**
 * Who is signed in although a call was refused. Asked only now and then, but for calls that were under way
 * during a sign-in: a server that knows a person and refuses them would be asked without end.
 */
async function backAlready() {
  const isRecent = performance.now() - askedAt < BACK_AGAIN_MS;
  askedAt = performance.now();
  if (isRecent && late === 0) return null;
  late = Math.max(0, late - 1);
  return askedAgain();
}

/** What waits for somebody, as the dialog says it to whoever is about to sign in. @returns {[string, any]} */
const keptFor = ({user}) =>
  waitingCount() ? ["session.deleted", {user, count: waitingCount()}] : ["session.typed", {user}];

const isThrownAway = (who, now) =>
  confirmed(
    hasUnsaved() ? "session.other" : "session.otherDeleted",
    {before: who.user, user: now.user, count: waitingCount()},
    {action: "events.discard", otherwise: "session.keep"},
  );

const isSame = (one, other) => one?.user === other?.user && one?.role === other?.role;

/** Another person has another page. It never settles: nothing more is sent from this one. */
function beginAnew() {
  forgetUnsaved();
  forgetWaiting();
  location.reload();
  return new Promise(() => {});
}

/** Another role has another page, too; who stays, for what is typed, is told so. */
async function reloadWithRole() {
  location.reload();
  await new Promise((resolve) => setTimeout(resolve, STAYS_MS));
  throw new Fault(401);
}

/** Who one is, as the server wrote it into the page: one call less before anything is seen. */
function named() {
  const text = document.documentElement.dataset.who;
  return text ? JSON.parse(text) : null;
}

async function ask() {
  try {
    return await get("/session");
  } catch (fault) {
    if (fault.status === 401) return null;
    throw fault;
  }
}

/** Until it is known who is there, nothing is sent. */
async function askedAgain() {
  for (;;) {
    try {
      return await ask();
    } catch (fault) {
      toastFault(fault);
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

const isLeft = () => confirmed("session.outSure", {}, {action: "session.out", otherwise: "session.stay"});

function nameAndWayOut({user}) {
  const out = async () => {
    if (hasUnsaved() && !(await isLeft())) return;
    // A session that has ended can carry nothing out; what failed has been said, and stays to be read.
    if (!(await carryOutWaiting())) return;
    await call("DELETE", "/session").then(leave, toastFault);
  };
  const leave = () => {
    forgetUnsaved();
    location.reload();
  };
  return h(
    "div.row",
    {},
    h("bdi.small.hide-narrow", {}, user),
    h("button.quiet", {type: "button", t: "session.out", onclick: out}),
  );
}

/** A person who is refused again so soon is asked for the token, whatever the server says of the session. */
const BACK_AGAIN_MS = 5000;

/** The streams and the calls of one view. */
const MOST_LATE = 4;

/** After so long the page has been left, or the person has chosen not to. */
const STAYS_MS = 1000;

/** How tabs tell each other that somebody signed in: they share the cookie. */
const TABS = `fasttrack.session:${PREFIX}`;

/** Ask for the token until it is right, here or in another tab. */
const signIn = (lead) => new Promise((resolve) => showDialog(lead, resolve));

function showDialog(lead, done) {
  const token = h("input", {
    type: "password",
    autocomplete: "current-password",
    required: true,
    name: "token",
  });
  const fault = h("span.fault", {role: "alert"});
  let isIn = false;
  const finish = () => {
    if (isIn) return;
    isIn = true;
    tabs.close();
    document.removeEventListener("language", nameLanguage);
    dialog.close();
    dialog.remove();
    done();
  };
  const tabs = new BroadcastChannel(TABS);
  tabs.onmessage = async () => (await ask().catch(() => null)) && finish();
  const submit = async (event) => {
    event.preventDefault();
    const unlock = lock(dialog);
    try {
      await call("POST", "/session", {json: {token: token.value.trim()}}).finally(unlock);
      tabs.postMessage("signed in");
      finish();
    } catch (refusal) {
      if (refusal.status === 401) say(fault, "session.wrong");
      else toastFault(refusal);
    }
  };
  const language = h("button.quiet", {type: "button", onclick: switchLanguage});
  // The page behind is out of reach, and its switch with it.
  const nameLanguage = () => {
    language.textContent = nextLanguage().choose;
    language.lang = nextLanguage().tag;
  };
  nameLanguage();
  document.addEventListener("language", nameLanguage);
  const dialog = h(
    "dialog",
    {label: "session.title", oncancel: (event) => event.preventDefault()},
    h(
      "form.stack",
      {onsubmit: submit},
      h("h2", {t: "session.title"}),
      h("p.soft", {t: lead}),
      field("session.token", token, fault),
      h("div.row.between", {}, h("button.primary", {type: "submit", t: "session.in"}), language),
    ),
  );
  // Browsers close a dialog that is asked to often enough: calls wait for the answer.
  dialog.addEventListener("close", () => isIn || dialog.showModal());
  document.body.append(dialog);
  dialog.showModal();
}
