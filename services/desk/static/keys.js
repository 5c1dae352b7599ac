// Keys: data-key names the key that clicks or focuses an element. Ignored while an input method composes a word.
(() => {
  const inField = (element) => element.matches("input, textarea, select, [contenteditable]");
  const marked = (key) => document.querySelector(`[data-key="${key}"]`);

  function use(element) {
    if (inField(element)) element.focus();
    else element.click();
  }

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row] a")];
    if (rows.length === 0) return;
    const next = Math.min(rows.length - 1, Math.max(0, rows.indexOf(document.activeElement) + step));
    rows[next].focus();
  }

  const outside = {
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    Period: () => {
      const number = document.querySelector("[data-number]");
      if (number && navigator.clipboard) navigator.clipboard.writeText(number.textContent.trim());
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.metaKey) return;
    const typing = inField(event.target);
    if (/^F\d+$/.test(event.code) && marked(event.code)) {
      event.preventDefault();
      use(marked(event.code));
    } else if (event.ctrlKey && (event.code === "Enter" || event.code === "NumpadEnter")) {
      const form = event.target.closest("form");
      if (form) form.requestSubmit();
    } else if (!typing && !event.ctrlKey && event.code === "Slash") {
      event.preventDefault();
      const sheet = document.getElementById("keys");
      const asked = event.shiftKey || event.key === "?";
      if (asked && sheet) sheet.showModal();
      else if (!asked && marked("Slash")) marked("Slash").focus();
    } else if (!typing && !event.ctrlKey && outside[event.code]) {
      outside[event.code]();
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const insert = event.target.closest("[data-insert]");
    if (insert) put(document.getElementById(insert.dataset.insert), insert.dataset.text);
  });

  function put(field, text) {
    if (!field) return;
    const folded = field.closest("details");
    if (folded) folded.open = true;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  document.addEventListener("change", (event) => {
    const name = event.target.dataset.all;
    if (!name) return;
    event.target.form.querySelectorAll(`[name="${name}"]`).forEach((box) => (box.checked = event.target.checked));
  });
})();
