// Whom a message is for: names and numbers that are known follow what is typed, and a choice fills in the field.
"use strict";

const to = document.querySelector("input[data-whom]");
if (to) {
  to.setAttribute("role", "combobox");
  to.setAttribute("aria-expanded", "false");
  const whom = to.form.querySelector("input[type=hidden][name=whom]");
  const whomFor = to.form.elements.whom_for;
  listbox(to, document.getElementById("whom-found"), {
    wanted(typed) {
      if (typed.trim().length < 2 || (whom.value && typed === whomFor.value)) return null;
      return `/send/whom?${new URLSearchParams({ q: typed })}`;
    },
    take(option) {
      to.value = option.dataset.written;
      to.form.querySelector(".whom-meant")?.remove();
      whom.value = option.dataset.phone;
      whomFor.value = to.value;
      to.dispatchEvent(new Event("input", { bubbles: true })); // the preview follows
      const next = document.getElementById("message");
      if (next && !next.value) next.focus();
    },
  });
}
