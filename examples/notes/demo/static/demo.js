// What the buttons do: act as somebody, send a request, and what may happen to a session.
import { Session, post } from "./session.js";
import { $, element, showDecision, showEvents, showMatrix, showToken, tick } from "./show.js";

const sessions = {};
for (const { dataset } of document.querySelectorAll("#users [data-name]"))
  sessions[dataset.name] = new Session(dataset.name, dataset.password);
let current = sessions.nobody;
let matrix = {};

async function show() {
  const open = Object.values(sessions).filter(one => one.access);
  matrix = await post("/demo/matrix", { tokens: Object.fromEntries(open.map(one => [one.name, one.access])) });
  showMatrix(matrix, current.name);
  showEvents(current);
  showToken(current.access);
  $("who").textContent = current.name;
  $("state").textContent = current.state;
  for (const button of document.querySelectorAll("#users [data-name]"))
    button.ariaPressed = String(button.dataset.name === current.name);
  for (const id of ["logout", "refresh", "steal", "elsewhere"]) $(id).disabled = !current.access;
  $("steal").textContent = current.stolen ? "Send the stolen token" : "Steal the refresh token";
}

async function actAs(name) {
  current = sessions[name];
  return !current.password || current.access !== null || current.logIn();
}

const BODIES = {
  "POST /notes": () => ({ text: "Written at " + new Date().toLocaleTimeString() }),
  "POST /password": () => ({ new: current.password }),
};

async function call(method, path) {
  const done = await current.call(method, path, BODIES[`${method} ${path}`]?.());
  const isGone = done.answer.ok && method === "DELETE" && (path === "/sessions" || path.startsWith("/accounts/"));
  if (isGone) for (const one of Object.values(sessions))
    if (one.access && !(await fetch("/me", { headers: { Authorization: "Bearer " + one.access } })).ok) one.close();
  await show();
  showDecision(done, [...cures(done)]);
}

// The buttons that would turn a refusal into a yes.
function* cures({ method, path, why, answer }) {
  const again = (text, prepare) => {
    const onclick = () => act(async () => { if (await prepare()) await call(method, path); else await show(); });
    return element("button", { className: "main", onclick }, text);
  };
  const row = [...document.querySelectorAll("#matrix tbody tr")]
    .findIndex(({ dataset }) => dataset.method === method && dataset.path === path);
  const isAllowed = status => status !== null && status < 300;
  const others = Object.keys(sessions).filter(name => name !== current.name && isAllowed(matrix[name][row]));
  if (why.cure === "confirm") yield again("Confirm with the password and try again", () => current.confirm());
  else if (why.cure === "refresh") yield again("Refresh and try again", () => current.renew());
  else if (why.cure === "log in" && current.password)
    yield again("Log in again and try again", () => { current.close(); return current.logIn(); });
  else if (!answer.ok && others.length) yield again(`Try as ${others[0]}, who may`, () => actAs(others[0]));
}

// One thing after the other: a click while another one is answered waits for it.
let last = Promise.resolve();
function act(job) {
  $("main").ariaBusy = "true";
  const mine = last = last.then(job).catch(console.error).then(() => { $("main").ariaBusy = String(mine !== last); });
}

$("users").addEventListener("click", ({ target }) => {
  const { name } = target.dataset;
  if (name) act(async () => { await actAs(name); await show(); });
});
$("matrix").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  const { method, path } = button.closest("tr").dataset;
  act(async () => { if (await actAs(button.dataset.name)) await call(method, path); else await show(); });
});
const does = (id, job) => $(id).addEventListener("click", () => act(async () => { await job(); await show(); }));
does("logout", () => current.logOut());
does("refresh", () => current.renew());
does("steal", () => current.stolen ? current.replay() : current.steal());
does("elsewhere", () => current.logOutElsewhere());
setInterval(tick, 1000);
act(show);
