// One user of the page with the tokens of their session. The tokens stay in this page's memory; no
// storage, which other scripts could read, has them.

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

export async function send(method, path, token, body) {
  const headers = token ? { Authorization: "Bearer " + token } : {};
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, ok: answer.ok, json: text ? JSON.parse(text) : null };
}

export function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(payload));
}

export class Session {
  events = [];
  access = null;
  refresh = null;
  stolen = null;
  isRotated = false;
  ended = false;

  constructor(name, password) {
    this.name = name;
    this.password = password;
  }

  tell(text, ok = true) {
    this.events.push({ time: new Date(), text, ok });
  }

  get state() {
    if (!this.password) return "";
    if (this.ended) return ", whose session has ended";
    return this.access ? ", who is logged in" : ", who is not logged in";
  }

  get credentials() {
    return { name: this.name, password: this.password };
  }

  take({ ok, json }) {
    if (!ok || !json?.access_token) return;
    [this.access, this.refresh, this.ended] = [json.access_token, json.refresh_token, false];
  }

  close() {
    this.access = this.refresh = this.stolen = null;
    this.ended = false;
  }

  async logIn() {
    const answer = await send("POST", "/login", null, this.credentials);
    this.take(answer);
    const minutes = Math.round((answer.json?.expires_in ?? 0) / 60);
    if (answer.ok) this.tell(`login → access token (${minutes} min) and refresh token`);
    else this.tell(`login ${answer.status}: ${answer.json.error_description}`, false);
    return answer.ok;
  }

  async call(method, path, body) {
    // Asked before, because the call may use the token up.
    const why = await post("/demo/explain", { method, path, token: this.access });
    const answer = await send(method, path, this.access, body);
    const asked = { confirm: ": the password is asked for again" }[why.cure] ?? "";
    this.ended ||= this.access !== null && why.cure === "log in";
    this.tell(`${method} ${path} ${answer.status}${asked}`, answer.ok);
    return { method, path, body, name: this.name, answer, why };
  }

  async confirm() {
    const answer = await send("POST", "/step-up", this.access, this.credentials);
    this.take(answer);
    if (answer.ok) this.tell(`step-up → acr=${claims(this.access).acr}`);
    else this.tell(`step-up ${answer.status}: ${answer.json.error_description}`, false);
    return answer.ok;
  }

  async renew() {
    const answer = await send("POST", "/refresh", this.refresh);
    this.take(answer);
    this.ended = !answer.ok;
    this.isRotated = answer.ok;
    if (answer.ok) this.tell("refresh → both tokens are new, the old refresh token is used");
    else this.tell(`refresh ${answer.status}: the session has ended`, false);
    return answer.ok;
  }

  steal() {
    this.stolen = this.refresh;
    this.isRotated = false;
    this.tell("a thief has copied the refresh token", false);
  }

  // The thief sends what was copied. If the user has refreshed since, it is an old token.
  async replay() {
    const answer = await send("POST", "/refresh", this.stolen);
    this.ended ||= !answer.ok;
    if (!answer.ok) this.tell("old refresh token came back → session ended", false);
    else if (this.isRotated) this.tell("old refresh token came back at once → the same token pair, as for a retry");
    else this.tell("the thief has refreshed first → yours is the old token now", false);
    if (!answer.ok || !this.isRotated) this.stolen = null;
  }

  // Another device logs in, this one logs it out, and the other one notices at its next request.
  async logOutElsewhere() {
    const device = await send("POST", "/login", null, this.credentials);
    if (device.ok) this.tell("login on another device");
    const ended = await send("DELETE", "/sessions/others", this.access);
    this.tell(`DELETE /sessions/others ${ended.status}`, ended.ok);
    if (!device.ok) return;
    const noticed = await send("GET", "/me", device.json.access_token);
    this.tell(`the other device: GET /me ${noticed.status}`, noticed.ok);
  }

  async logOut() {
    const answer = await send("POST", "/logout", this.access);
    this.tell(`logout ${answer.status} → session ended`, answer.ok);
    this.close();
  }
}
