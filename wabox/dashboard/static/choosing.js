// A file that is too large, or of no kind that is sent, is told when it is chosen. The box judges it all the same.
"use strict";

document.addEventListener("change", (event) => {
  const form = event.target.form;
  const field = form && form.querySelector("input[data-limits]");
  if (field && (event.target === field || event.target.name === "as_document")) judge(field);
});

function judge(field) {
  const [file] = field.files;
  const said = file ? wrong(field, file, JSON.parse(field.dataset.limits)) : "";
  field.setCustomValidity(said);
  const shown = field.parentElement.querySelector("[data-wrong]");
  shown.querySelector("[data-said]").textContent = said;
  shown.hidden = !said;
}

// What is wrong with the file, "" if nothing is.
function wrong(field, file, { kinds, left, unknown }) {
  const name = file.name.toLowerCase();
  const known = field.accept.split(",").some((one) =>
    one.startsWith(".") ? name.endsWith(one)
      : one.endsWith("/*") ? file.type.startsWith(one.slice(0, -1)) : file.type === one);
  if (!known) return unknown;
  const [most, over] = kinds[kindOf(field, file.type)];
  if (file.size > most) return over;
  return left && file.size > left[0] ? left[1] : "";
}

function kindOf(field, type) {
  const asked = field.form.elements.namedItem("as_document");
  const [family] = type.split("/");
  if (!["image", "video", "audio"].includes(family) || type === "image/gif") return "document";
  return asked && asked.checked && family !== "audio" ? "document" : family;
}
