// Stored texts where one writes: "/" opens a list that follows what is typed; a choice fills in the field.
"use strict";

const field = document.querySelector("textarea[data-texts]");
const choice = document.querySelector("select[data-texts]");
if (field && choice) offer(field, choice, document.getElementById("texts-found"));

function offer(field, choice, list) {
  const PAUSE = 120; // ms: who types on is not asked for each letter
  let soon = 0; // when the next question goes
  let asked = null; // the question that is on its way
  let put = ""; // what was put into the field last, to be replaced by another choice
  let closed = false; // by Escape, until the field says something else

  async function found(query) {
    if (asked) asked.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`/texts/pick?${new URLSearchParams(query)}`, {
        headers: { "HX-Request": "true" },
        signal: asked.signal,
      });
      if (!answer.ok) return [];
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return [...page.querySelectorAll("[role=option]")];
    } catch {
      return null; // another question came, or the box does not answer
    }
  }

  function fill(option) {
    close();
    const text = option.dataset.text;
    const typed = field.value;
    if (typed.trim() === "" || typed === put || typed.startsWith("/")) field.value = text;
    else field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    put = field.value === text ? text : "";
    const origin = field.form.elements.text_id;
    if (origin) origin.value = option.dataset.id;
    attach(option);
    const gap = option.dataset.fill;
    const at = gap ? field.value.indexOf(`{${gap}}`) : -1;
    field.focus();
    if (at < 0) field.setSelectionRange(field.value.length, field.value.length);
    else field.setSelectionRange(at, at + gap.length + 2); // what is typed next stands there
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function attach(option) {
    const media = option.dataset.media;
    const along = document.getElementById("file-along");
    const list = field.form.querySelector("select[name=media_id]");
    const place = along || list;
    if (!place || !(media || place.dataset.text)) return; // the reader's own file stays
    place.dataset.text = media;
    if (along) along.replaceChildren(...(media ? [option.querySelector("template").content.cloneNode(true)] : []));
    if (along && media && along.closest("details")) along.closest("details").open = true;
    if (list && media && ![...list.options].some((one) => one.value === media))
      list.add(new Option(option.querySelector("bdi").textContent, media));
    if (list) list.value = media;
    field.form.elements.as_document.checked = option.dataset.document === "1";
  }

  function mark(option) {
    for (const one of list.children) one.setAttribute("aria-selected", String(one === option));
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function open(options) {
    list.replaceChildren(...options.map((one) => document.importNode(one, true)));
    list.hidden = options.length === 0;
    if (list.hidden) field.removeAttribute("aria-activedescendant");
    else mark(list.firstElementChild);
    const spoken = document.getElementById("spoken");
    spoken.textContent = list.hidden ? "" : list.dataset.said.replace("0", options.length);
  }

  function close() {
    clearTimeout(soon);
    if (asked) asked.abort();
    list.hidden = true;
    list.replaceChildren();
    field.removeAttribute("aria-activedescendant");
  }

  async function follow(typed) {
    const options = await found({ q: typed.slice(1) });
    if (options && field.value === typed && !closed) open(options);
  }

  field.addEventListener("input", () => {
    const typed = field.value;
    if (!typed.startsWith("/")) closed = false;
    if (closed || !/^\/[^\n]{0,60}$/.test(typed)) return close();
    clearTimeout(soon);
    soon = setTimeout(follow, PAUSE, typed);
  });

  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const now = list.querySelector("[aria-selected=true]");
    if (event.key === "ArrowDown") mark(now.nextElementSibling || list.firstElementChild);
    else if (event.key === "ArrowUp") mark(now.previousElementSibling || list.lastElementChild);
    else if (event.key === "Enter" || event.key === "Tab") fill(now);
    else if (event.key === "Escape") {
      closed = true;
      close();
    } else return;
    event.preventDefault();
  });

  field.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) fill(option);
  });

  choice.addEventListener("change", async () => {
    const options = choice.value ? await found({ id: choice.value }) : [];
    if (options && options.length) fill(options[0]);
    choice.value = "";
  });
  for (const button of choice.form.elements) if (button.type === "submit") button.hidden = true;
}
