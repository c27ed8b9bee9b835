"use strict";

const find = (id) => document.getElementById(id);
const form = find("form");
let csrfToken = null;

/** Sends a request and gives its JSON; throws the problem that the server tells. */
async function send(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (csrfToken) headers["X-CSRF-Token"] = csrfToken;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw { detail: "The server cannot be reached. Is it running?" };
  }
  const text = await answer.text();
  const json = text && answer.headers.get("Content-Type").includes("json") ? JSON.parse(text) : null;
  if (!answer.ok) throw json ?? { status: answer.status, detail: `The server answered ${answer.status}.` };
  return json;
}

function clearProblems() {
  find("problem").hidden = true;
  for (const error of document.querySelectorAll(".error")) error.hidden = true;
  for (const input of document.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Shows a problem at the fields that it names, and above the form what has no field. */
function showProblem(problem) {
  let first = null;
  const without = [];
  for (const { pointer, detail } of problem.errors ?? []) {
    const name = pointer.slice(1);
    const error = find(`${name}-error`);
    if (!error) {
      without.push(`The ${name.replaceAll(/[/_]/g, " ")} ${detail}.`);
      continue;
    }
    error.textContent = detail;
    error.hidden = false;
    const input = find(name);
    input.setAttribute("aria-invalid", "true");
    first ??= input;
  }
  if (!first) {
    first = find("problem");
    first.textContent = without.join(" ") || (problem.detail ?? String(problem));
    first.hidden = false;
  }
  first.focus();
}

/** Does something once, however often the button is pressed, and shows what goes wrong. */
async function once(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  clearProblems();
  try {
    await work();
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
  }
}

function onSubmit(work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(form.querySelector("[type=submit]"), () => work(Object.fromEntries(new FormData(form))));
  });
}

function setup() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  history.replaceState(null, "", location.pathname);
  find("no-token").hidden = token !== "";
  form.hidden = token === "";
  onSubmit(async (fields) => {
    await send("POST", "/api/v1/setup", { token, ...fields });
    location.assign("/settings/api-keys");
  });
}

/** Where to go after signing in: back to the page of this server that asked for it, and to the place in it. */
function wayBack() {
  const wanted = new URLSearchParams(location.search).get("next");
  if (!wanted || !URL.canParse(wanted, location.origin)) return null;
  const address = new URL(wanted, location.origin);
  address.hash ||= location.hash;
  return address.origin === location.origin ? address.href : null;
}

async function login() {
  const back = wayBack();
  onSubmit(async (fields) => {
    await send("POST", "/api/v1/auth/login", fields);
    location.assign(back ?? "/settings/api-keys");
  });
  if (!back) return;
  // A link on another site comes without the session's cookie, which this page has.
  try {
    await send("GET", "/api/v1/me");
    location.replace(back);
  } catch {
    // Nobody is signed in: the form is there.
  }
}

function row(key) {
  const line = document.createElement("tr");
  const cell = (child) => {
    const cell = document.createElement("td");
    cell.append(child);
    line.append(cell);
  };
  const prefix = document.createElement("code");
  prefix.textContent = `${key.prefix}…`;
  const made = document.createElement("time");
  made.dateTime = key.created_at;
  made.textContent = new Date(key.created_at).toLocaleString();
  const revoke = document.createElement("button");
  revoke.type = "button";
  revoke.className = "plain";
  revoke.textContent = "Revoke";
  revoke.setAttribute("aria-label", `Revoke ${key.name}`);
  revoke.addEventListener("click", () => {
    if (!confirm(`Revoke “${key.name}”? Programs that use it stop working.`)) return;
    once(revoke, async () => {
      await send("DELETE", `/api/v1/api-keys/${key.id}`);
      line.remove();
      showCount();
    });
  });
  cell(key.name);
  cell(prefix);
  cell(made);
  cell(revoke);
  return line;
}

function showCount() {
  const count = find("keys").tBodies[0].rows.length;
  find("keys").hidden = count === 0;
  find("empty").hidden = count > 0;
}

async function apiKeys() {
  let next = null;
  const body = find("keys").tBodies[0];
  const load = async () => {
    const page = await send("GET", `/api/v1/api-keys${next ? `?after=${encodeURIComponent(next)}` : ""}`);
    body.append(...page.items.map(row));
    next = page.next;
    find("more").hidden = !next;
    showCount();
  };
  try {
    const me = await send("GET", "/api/v1/me");
    csrfToken = me.csrf_token;
    find("person").textContent = me.display_name;
    await load();
  } catch (problem) {
    if (problem.status === 401) location.replace("/login");
    else showProblem(problem);
    return;
  }
  onSubmit(async (fields) => {
    const created = await send("POST", "/api/v1/api-keys", fields);
    find("key").textContent = created.key;
    find("created").hidden = false;
    body.prepend(row(created));
    form.reset();
    showCount();
  });
  find("more").addEventListener("click", () => once(find("more"), load));
  find("copy").addEventListener("click", () =>
    once(find("copy"), async () => {
      await navigator.clipboard.writeText(find("key").textContent);
      find("copy").textContent = "Copied";
    }),
  );
  find("sign-out").addEventListener("click", () =>
    once(find("sign-out"), async () => {
      await send("POST", "/api/v1/auth/logout");
      location.assign("/login");
    }),
  );
}

({ setup, login, "api-keys": apiKeys })[document.body.dataset.page]();
