// A list below a field that follows what is typed there: arrows mark, Enter takes, Escape closes. The field keeps
// the focus all the time.
"use strict";

function listbox(field, list, { wanted, take, eager }) {
  // wanted: the address to ask for what is typed, or null. take: what a chosen option does. eager: the first is marked.
  const PAUSE = 120; // ms: who types on is not asked for each letter
  let soon = 0; // when the next question goes
  let asked = null; // the question that is on its way
  let closed = false; // by Escape, until the field says something else that is not wanted
  const combined = field.getAttribute("role") === "combobox";

  async function options(address) {
    if (asked) asked.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: asked.signal });
      if (!answer.ok) return [];
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return [...page.querySelectorAll("[role=option]")];
    } catch {
      return null; // another question came, or the box does not answer
    }
  }

  function mark(option) {
    for (const one of list.children) one.setAttribute("aria-selected", String(one === option));
    if (!option) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function show(shown) {
    list.replaceChildren(...shown.map((one) => document.importNode(one, true)));
    list.hidden = shown.length === 0;
    if (combined) field.setAttribute("aria-expanded", String(!list.hidden));
    mark(eager && !list.hidden ? list.firstElementChild : null);
    document.getElementById("spoken").textContent = list.hidden
      ? ""
      : list.dataset.said.replace("0", shown.length.toLocaleString(document.documentElement.lang));
  }

  function close() {
    clearTimeout(soon);
    if (asked) asked.abort();
    list.hidden = true;
    list.replaceChildren();
    if (combined) field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  async function follow(typed) {
    const found = await options(wanted(typed));
    if (found && field.value === typed && !closed) show(found);
  }

  field.addEventListener("input", () => {
    if (wanted(field.value) === null) {
      closed = false;
      return close();
    }
    if (closed) return;
    clearTimeout(soon);
    soon = setTimeout(follow, PAUSE, field.value);
  });

  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const now = list.querySelector("[aria-selected=true]");
    if (event.key === "ArrowDown") mark((now && now.nextElementSibling) || list.firstElementChild);
    else if (event.key === "ArrowUp") mark((now && now.previousElementSibling) || list.lastElementChild);
    else if (now && (event.key === "Enter" || event.key === "Tab")) chosen(now);
    else if (event.key === "Enter") mark(list.firstElementChild); // a second one takes it
    else if (event.key === "Escape") {
      closed = true;
      close();
    } else return;
    event.preventDefault();
  });

  function chosen(option) {
    close();
    take(option);
  }

  field.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) chosen(option);
  });
  return { options };
}
