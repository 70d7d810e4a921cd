// The few things a browser cannot do by itself: copy to the clipboard, tell its time zone, and say when the box
// does not answer.
"use strict";

const offline = document.getElementById("offline");
const spoken = document.getElementById("spoken");

function prepare(root) {
  if (!navigator.clipboard) return; // only on https and localhost; elsewhere people select the text
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const more = document.querySelector(".bar-more[open]");
  if (more && !more.contains(event.target)) more.open = false;
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  spoken.textContent = button.dataset.copied;
  setTimeout(() => {
    label.textContent = before;
    spoken.textContent = "";
  }, 1600);
});

document.addEventListener("keydown", (event) => {
  const more = document.querySelector(".bar-more[open]");
  if (event.key === "Escape" && more) {
    more.open = false;
    more.querySelector("summary").focus();
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.dataset.sent) return;
  form.dataset.sent = "1"; // one press, one request; the server makes sure of it as well
  const button = event.submitter;
  if (button) button.setAttribute("aria-busy", "true");
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const zone = document.querySelector("select[data-zone]");
if (zone) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...zone.options].some(({ value }) => value === here);
  if (zone.dataset.ask !== undefined && known) zone.value = here; // where nobody has chosen yet
  const said = document.querySelector("[data-zone-said]");
  const say = () => said && (said.value = zone.value || zone.dataset.zone);
  zone.addEventListener("change", say);
  say();
}

// A live part asks only while somebody looks, and is told nothing new with 304 and no body. The longer nothing is new,
// the more of its turns it leaves out. News, and whatever the reader does, give it each turn again.
const LIVE = ".live[hx-trigger^=every]";
const LONGEST_REST_SECONDS = 15;
const seen = new WeakMap();
let rests = new WeakMap(); // by part, {turns, left}: how many turns it leaves out, and how many of them are to come

const wake = () => (rests = new WeakMap());

function restsNow(part) {
  const rest = rests.get(part);
  return Boolean(rest) && rest.left-- > 0;
}

function restLonger(part) {
  if (part.matches("[data-awaited]")) return; // somebody sits before it and waits
  const every = parseInt(part.getAttribute("hx-trigger").slice("every ".length), 10);
  const most = Math.max(0, Math.floor(LONGEST_REST_SECONDS / every) - 1);
  const turns = Math.min(most, (rests.get(part)?.turns ?? 0) + 1);
  rests.set(part, { turns, left: turns });
}

document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement, request } = event.detail.ctx;
  if (!sourceElement.matches(LIVE)) return;
  if (document.hidden || restsNow(sourceElement)) return event.preventDefault();
  if (seen.has(sourceElement)) request.headers["If-None-Match"] = seen.get(sourceElement);
});

document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  const tag = response && response.headers.get("ETag");
  if (!tag || !sourceElement.matches(LIVE)) return;
  if (response.status === 304) restLonger(sourceElement);
  else if (seen.has(sourceElement)) wake();
  seen.set(sourceElement, tag);
});

for (const act of ["pointerdown", "keydown", "focus"]) addEventListener(act, wake);

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  wake();
  for (const part of document.querySelectorAll(LIVE)) part.dispatchEvent(new Event("every"));
});

// The counts in the menu and in the tab's title follow the pulse of the page.
const title = document.title.replace(/^\(\S+\) /, "");

function count() {
  for (const told of document.querySelectorAll("#pulse [data-told]")) {
    const waits = told.textContent.trim();
    for (const place of document.querySelectorAll(`[data-count="${told.dataset.told}"]`)) {
      place.textContent = waits;
      place.hidden = !waits;
    }
    if (told.dataset.told === "inbox") document.title = waits ? `(${waits}) ${title}` : title;
  }
}

document.addEventListener("htmx:after:swap", count);
document.addEventListener("htmx:error", () => (offline.hidden = false));
document.addEventListener("htmx:after:request", () => (offline.hidden = true));
document.addEventListener("htmx:after:swap", () => prepare(document));
prepare(document);
