// The reader's own key in the samples: typed here, kept nowhere but in this page.
"use strict";

const put = document.querySelector("[data-key-put]");
const own = document.getElementById("own-key");
const samples = [...document.querySelectorAll("pre[id^=sample-] code")].map((code) => [code, code.textContent]);

document.querySelector("[data-key-form]").hidden = false;
put.addEventListener("click", fill);
own.addEventListener("keydown", (event) => event.key === "Enter" && fill());

function fill() {
  const key = own.value.trim();
  const fits = /^[\w-]+$/.test(key); // as keys are: nothing that a sample would have to escape
  own.setAttribute("aria-invalid", String(key !== "" && !fits));
  for (const [code, text] of samples) code.textContent = fits ? text.replaceAll("YOUR_API_KEY", key) : text;
  document.getElementById("spoken").textContent = fits ? put.dataset.done : "";
}
