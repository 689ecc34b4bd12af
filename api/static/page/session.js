import {call, get, whenSignedOut} from "./api.js";
import {field, h} from "./dom.js";
import {say} from "./i18n.js";
import {toastFault} from "./tell.js";

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
  if (who) document.documentElement.dataset.role = who.role;
  if (who && who.via !== "open") place.replaceChildren(nameAndWayOut(who));
  whenSignedOut(async () => {
    await signIn("session.expired");
    await stayAs(who);
  });
  return who;
}

/** Who comes back goes on where they were; another person, or another role, has another page. */
async function stayAs(who) {
  const now = await ask();
  if (now?.user === who?.user && now?.role === who?.role) return;
  location.reload();
  await new Promise(() => {});
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

function nameAndWayOut({user}) {
  const out = async () => {
    await call("DELETE", "/session").catch(toastFault);
    location.reload();
  };
  return h(
    "div.row",
    {},
    h("span.small.hide-narrow", {}, user),
    h("button.quiet", {type: "button", t: "session.out", onclick: out}),
  );
}

/** @type {Promise<void> | null} */
let asking = null;

/** Ask for the token until it is right. Several callers share one dialog. */
export function signIn(lead) {
  asking ??= new Promise((resolve) => showDialog(lead, resolve)).finally(() => (asking = null));
  return asking;
}

function showDialog(lead, done) {
  const token = h("input", {
    type: "password",
    autocomplete: "current-password",
    required: true,
    name: "token",
  });
  const fault = h("span.fault", {role: "alert"});
  const submit = async (event) => {
    event.preventDefault();
    try {
      await call("POST", "/session", {json: {token: token.value.trim()}});
      dialog.close();
      dialog.remove();
      done();
    } catch (refusal) {
      if (refusal.status === 401) say(fault, "session.wrong");
      else toastFault(refusal);
    }
  };
  const dialog = h(
    "dialog",
    {label: "session.title", oncancel: (event) => event.preventDefault()},
    h(
      "form.stack",
      {onsubmit: submit},
      h("h2", {t: "session.title"}),
      h("p.soft", {t: lead}),
      field("session.token", token, fault),
      h("button.primary", {type: "submit", t: "session.in"}),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
