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

// A live part asks only while somebody looks, and is told nothing new with 304 and no body.
const seen = new WeakMap();

document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement, request } = event.detail.ctx;
  if (!sourceElement.matches(".live[hx-trigger^=every]")) return;
  if (document.hidden) return event.preventDefault();
  if (seen.has(sourceElement)) request.headers["If-None-Match"] = seen.get(sourceElement);
});

document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  const tag = response && response.headers.get("ETag");
  if (tag) seen.set(sourceElement, tag);
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const part of document.querySelectorAll(".live[hx-trigger^=every]")) part.dispatchEvent(new Event("every"));
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
