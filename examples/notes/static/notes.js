// The tokens stay in this page's memory; no storage, which other scripts could read, has them.
const nobody = { name: null, password: null, id: null, access: null, refresh: null };
let state = { ...nobody };
const $ = id => document.getElementById(id);

function become(changes) {
  state = { ...state, ...changes };
  $("who").textContent = state.name ?? "nobody";
  document.querySelector('[data-call="DELETE own"]').disabled = state.id === null;
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

async function call(method, path, body) {
  const token = path === "/refresh" ? state.refresh : state.access;
  // Asked before, because the call may use the token up.
  const why = await post("/explain", { method, path, token });
  const headers = token ? { Authorization: "Bearer " + token } : {};
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  const json = text ? JSON.parse(text) : null;
  show(method + " " + path, answer, json, why);
  if (answer.ok && json?.access_token) become({ access: json.access_token, refresh: json.refresh_token });
  return [answer.ok, json];
}

function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(payload));
}

// Times are shown as the clock on the wall says them: those of claims are seconds since 1970.
function readable(key, value) {
  const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value);
  if (isTime) return new Date(value).toLocaleString();
  const isSeconds = typeof value === "number" && ["iat", "nbf", "exp", "auth_time"].includes(key);
  return isSeconds ? new Date(value * 1000).toLocaleString() : value;
}

function show(title, answer, json, why) {
  const item = document.createElement("li");
  if (!answer.ok) item.className = "refused";
  const add = (to, tag, content) => {
    const part = document.createElement(tag);
    part.textContent = content;
    to.append(part);
    return part;
  };
  add(item, "strong", title + " → " + answer.status + " " + answer.statusText);
  if (json?.error) add(item, "p", json.error + ": " + json.error_description);
  if (why.reason) add(item, "p", "Refused, because " + why.reason + ".");
  for (const cure of why.cures ?? []) add(item, "p", "The client " + cure + ".");
  if (json?.error === "insufficient_user_authentication")
    add(item, "p", "Press “confirm with my password”, and then this call again.");
  if (json?.access_token) add(item, "p", "The access token, which anybody can read and nobody change, says:");
  const shown = json?.access_token ? claims(json.access_token) : json;
  if (shown && !json.error) add(item, "pre", JSON.stringify(shown, readable, 2));
  const details = add(item, "details", "");
  add(details, "summary", "Who decided");
  add(details, "pre", why.text);
  $("answers").prepend(item);
}

$("users").addEventListener("click", async event => {
  const { name, password } = event.target.dataset;
  if (!name) return;
  const [ok] = await call("POST", "/login", { name, password });
  if (!ok) return;
  const [, me] = await call("GET", "/me");
  become({ name, password, id: me.id });
});

const BODIES = {
  "POST /notes": () => ({ text: "Written at " + new Date().toLocaleTimeString() }),
  "POST /step-up": () => ({ name: state.name ?? "", password: state.password ?? "" }),
  "POST /password": () => ({ new: state.password ?? "" }),
};

$("calls").addEventListener("click", async event => {
  const chosen = event.target.closest("button")?.dataset.call;
  if (!chosen) return;
  const isOwn = chosen === "DELETE own";
  const [method, path] = isOwn ? ["DELETE", "/accounts/" + state.id] : chosen.split(" ");
  const [ok] = await call(method, path, BODIES[chosen]?.());
  // After a refresh that is refused, the session is over as well.
  if (ok ? isOwn || path === "/logout" : path === "/refresh") become(nobody);
});
