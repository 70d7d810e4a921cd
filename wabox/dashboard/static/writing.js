// Buttons beside a field for a message: each puts a variable or an emoji where one is writing.
"use strict";

const shown = () => document.querySelectorAll("[data-tools]").forEach((tools) => { tools.hidden = false; });
shown();
document.addEventListener("htmx:load", shown);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tools] [data-put]");
  if (!button) return;
  const field = document.getElementById(button.closest("[data-tools]").dataset.tools);
  field.setRangeText(button.dataset.put, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  if (event.detail) field.focus(); // a key stays where it was pressed, for the next one
});

document.addEventListener("keydown", (event) => {
  const list = event.key === "Escape" && event.target.closest("[data-tools] details[open]");
  if (!list) return;
  list.open = false;
  list.querySelector("summary").focus();
});
