// A large file on its way: how far it is. Without this the form goes as any other, and the browser says how far.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  const shown = form.querySelector("progress");
  const trouble = form.querySelector("[data-trouble]");
  const way = new XMLHttpRequest();
  shown.hidden = false;
  trouble.hidden = true;
  way.upload.addEventListener("progress", (step) => {
    if (!step.lengthComputable) return;
    shown.max = step.total;
    shown.value = step.loaded;
  });
  way.addEventListener("load", () => {
    if (way.status === 200) return location.assign(way.responseURL);
    const page = new DOMParser().parseFromString(way.responseText, "text/html");
    const main = page.querySelector("main");
    if (!main) return failed();
    document.querySelector("main").replaceWith(main);
    const first = main.querySelector("[aria-invalid], [role=alert]");
    if (first) first.focus();
  });
  way.addEventListener("error", failed);
  way.addEventListener("abort", failed);
  way.open("POST", form.action);
  way.send(new FormData(form));

  function failed() {
    shown.hidden = true;
    trouble.hidden = false;
    delete form.dataset.sent;
    const button = form.querySelector("button[aria-busy]");
    if (button) button.removeAttribute("aria-busy");
  }
});
