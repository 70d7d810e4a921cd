// Keys for who works at a desk: "/" looks for something, "n" writes, "g" and a letter go to a place of the menu.
"use strict";

const PAUSE = 1200; // ms between g and the letter
const STORE = "wabox-keys"; // "off" where somebody does not want them
let went = 0; // when g was pressed

function keysAreOn() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true; // this browser keeps nothing
  }
}

function writes(element) {
  return element.closest("input, textarea, select, [contenteditable], dialog, [popover]:popover-open") !== null;
}

function go(path) {
  const fields = { "/search": location.pathname === "/search" && "#q", "/#send": "#send #phone" };
  const here = fields[path] ? document.querySelector(fields[path]) : null;
  if (here) here.focus();
  else location.assign(path);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = event.target.matches("textarea") ? event.target.form : null;
    if (form && form.method === "post") form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || writes(event.target) || !keysAreOn()) return;
  const after = Date.now() - went < PAUSE;
  went = 0;
  const place = after ? document.querySelector(`.side-nav [data-key="${CSS.escape(event.key)}"]`) : null;
  if (place) go(place.getAttribute("href"));
  else if (event.key === "g") went = Date.now();
  else if (event.key === "/") go("/search");
  else if (event.key === "n") go("/#send");
  else if (event.key === "?") go("/search#keys");
  else return;
  event.preventDefault();
});

const toggle = document.querySelector("[data-keys]");
if (toggle) {
  const name = () => (toggle.textContent = keysAreOn() ? toggle.dataset.off : toggle.dataset.on);
  name();
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    localStorage.setItem(STORE, keysAreOn() ? "off" : "on");
    name();
  });
}
const keys = document.querySelector("details#keys");
function unfold() {
  if (keys && location.hash === "#keys") keys.open = true;
}
addEventListener("hashchange", unfold);
unfold();
