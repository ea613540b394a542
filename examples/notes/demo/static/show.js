// Puts what is known into the page, as text alone.
import { claims } from "./session.js";

export const $ = id => document.getElementById(id);

export function element(tag, options = {}, ...children) {
  const made = Object.assign(document.createElement(tag), options);
  made.append(...children);
  return made;
}

const code = text => element("code", {}, text);
const quiet = text => element("p", { className: "quiet" }, text);
const clock = time => time.toLocaleTimeString([], { hour12: false });

export function showMatrix(found, current) {
  for (const button of document.querySelectorAll("#matrix button")) {
    const { method, path } = button.closest("tr").dataset;
    const { name } = button.dataset;
    const rows = [...document.querySelectorAll("#matrix tbody tr")];
    const status = found[name][rows.indexOf(button.closest("tr"))];
    button.textContent = status === null ? "gone" : `${status < 300 ? "✓" : "✗"} ${status}`;
    button.className = status === null ? "" : status < 300 ? "good" : "bad";
    button.disabled = status === null;
    button.ariaLabel = `${button.textContent}: ${method} ${path} as ${name}`;
    button.closest("td").classList.toggle("current", name === current);
  }
}

function outcome(line, admitted) {
  const kind = line.outcome === "ALLOW" ? "good" : ["not asked", "PENDING"].includes(line.outcome) ? "quiet" : "bad";
  const item = element("li", { className: line.decides ? "decides" : "" },
    element("strong", { className: kind }, line.outcome), " ", code(line.policy));
  item.dataset.depth = Math.min(line.depth, 4);
  if (line.reason) item.append(element("span", { className: "reason" }, line.reason));
  return item;
}

// Times in answers are those of UTC; a reader wants those of the clock on the wall.
function readable(key, value) {
  const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value);
  return isTime ? new Date(value).toLocaleString() : value;
}

export function showDecision({ method, path, name, answer, why }, buttons) {
  const card = $("decision");
  const error = answer.json?.error ? ` ${answer.json.error}` : "";
  const result = element("strong", { className: answer.ok ? "good" : "bad" }, `${answer.status}${error}`);
  const title = element("h2", { id: "decision-title" }, "Decision");
  card.replaceChildren(title, element("p", { id: "result" }, `${name}: `, code(`${method} ${path}`), " → ", result));
  if (why.reason) card.append(element("p", {}, `Refused, because ${why.reason}.`));
  if (why.tree.length) card.append(element("ul", { className: "tree" }, ...why.tree.map(outcome)));
  for (const note of why.notes) card.append(quiet(`Note: ${note}.`));
  for (const cure of why.cures) card.append(element("p", {}, `The client ${cure}.`));
  if (why.challenge) {
    const challenge = element("pre", {}, `WWW-Authenticate: ${why.challenge}`);
    card.append(quiet("The challenge that says so to programs:"), challenge);
  }
  if (buttons.length) card.append(element("div", { className: "choice" }, ...buttons));
  if (answer.json) {
    const shown = element("pre", {}, JSON.stringify(answer.json, readable, 2));
    card.append(element("details", {}, element("summary", {}, "The answer"), shown));
  }
  showSource(why.source);
}

function showSource(blocks) {
  $("source").replaceChildren(...blocks.flatMap(block => [
    element("p", { className: "quiet" }, code(block.where),
      ...block.baseline ? [", asked of every token: ", code(block.baseline)] : []),
    element("pre", {}, ...block.lines.map(line =>
      element(line.decides ? "mark" : "span", {}, line.text + "\n"))),
  ]));
}

export function showEvents(session) {
  const items = session.events.map(({ time, text, ok }) =>
    element("li", { className: ok ? "good" : "bad" },
      element("time", { dateTime: time.toISOString() }, clock(time)), " ", element("span", {}, text)));
  $("events").replaceChildren(...items);
  $("no-events").hidden = items.length > 0;
  $("session-title").textContent = session.access ? `Session of ${session.name}` : "Session";
}

function span(seconds) {
  const size = Math.abs(Math.round(seconds));
  const minutes = `${Math.floor(size / 60)} min ${size % 60} s`;
  const words = size < 60 ? `${size} s` : size < 5400 ? minutes : `${Math.round(size / 3600)} h`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

const MEANINGS = {
  sub: "the user", roles: "the roles", type: "the kind of token", jti: "the token's own name", sid: "the session",
  iat: "issued", nbf: "valid from", exp: "expires", auth_time: "the password was given",
  fresh: "the password was just given",
  acr: "how the user has authenticated",
};

export function showToken(token) {
  if (!token) {
    $("token").replaceChildren(quiet("Nobody is logged in."));
    return;
  }
  const rows = Object.entries(claims(token)).map(([name, value]) => {
    const isTime = ["iat", "nbf", "exp", "auth_time"].includes(name);
    const shown = isTime ? clock(new Date(value * 1000)) : typeof value === "string" ? value : JSON.stringify(value);
    const left = element("span", { className: "quiet" });
    if (isTime) left.dataset.until = value;
    return element("tr", {}, element("th", { scope: "row" }, code(name)),
      element("td", {}, MEANINGS[name] ?? ""), element("td", {}, shown, " ", left));
  });
  const head = element("tr", {}, ...["Claim", "Meaning", "Value"].map(text => element("th", { scope: "col" }, text)));
  $("token").replaceChildren(quiet("Anybody can read it, and nobody can change it."),
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  tick();
}

export function tick() {
  for (const left of document.querySelectorAll("[data-until]"))
    left.textContent = span(left.dataset.until - Date.now() / 1000);
}
