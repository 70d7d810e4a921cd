// Stored texts where one writes: "/" opens a list that follows what is typed; a choice fills in the field.
"use strict";

const field = document.querySelector("textarea[data-texts]");
const choice = document.querySelector("select[data-texts]");
if (field && choice) offer(field, choice, document.getElementById("texts-found"));

function offer(field, choice, list) {
  let put = ""; // what was put into the field last, to be replaced by another choice
  const address = (query) => `/texts/pick?${new URLSearchParams(query)}`;
  const { options } = listbox(field, list, {
    wanted: (typed) => (/^\/[^\n]{0,60}$/.test(typed) ? address({ q: typed.slice(1) }) : null),
    take: fill,
    eager: true,
  });

  function fill(option) {
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

  choice.addEventListener("change", async () => {
    const found = choice.value ? await options(address({ id: choice.value })) : [];
    if (found && found.length) fill(found[0]);
    choice.value = "";
  });
  for (const button of choice.form.elements) if (button.type === "submit") button.hidden = true;
}
