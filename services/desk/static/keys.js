// Keys: data-key names the key that clicks or focuses an element. Ignored while an input method composes a word.
(() => {
  const inField = (element) => element.matches("input, textarea, select, [contenteditable]");
  // Changed keys, usual key → own key, of this browser. An own key means the usual one; a usual key given away means nothing.
  const STORE = "desk-keys";
  const own = (() => {
    try {
      return JSON.parse(localStorage.getItem(STORE)) || {};
    } catch {
      return {};
    }
  })();
  const meant = (code) => Object.keys(own).find((usual) => own[usual] === code) || (own[code] ? "" : code);
  const named = (code) => ({ Slash: "/", Period: ".", Comma: ",", Semicolon: ";" })[code] || code.replace(/^(Key|Digit)/, "").toLowerCase().replace(/^f(\d+)$/, "F$1");
  let asked = "";

  function label(root) {
    for (const key of root.querySelectorAll("[data-shows]")) key.textContent = named(own[key.dataset.shows] || key.dataset.shows);
  }

  const say = (word) => {
    const said = document.getElementById("keys-said");
    if (said) said.textContent = word ? said.dataset[word] : "";
  };

  function keep() {
    localStorage.setItem(STORE, JSON.stringify(own));
    label(document);
  }

  // The next key that is pressed becomes the own key of the one that was asked for.
  function remap(event) {
    event.preventDefault();
    const usual = asked;
    asked = "";
    if (event.code === "Escape") return say("");
    const fits = /^F\d+$/.test(usual) ? /^F\d+$/ : /^(Key[A-Z]|Digit\d|Slash|Period|Comma|Semicolon)$/;
    if (!fits.test(event.code)) return say("unfit");
    const used = [...document.querySelectorAll("[data-remap]")].map((one) => one.dataset.remap).filter((one) => one !== usual);
    if (used.some((one) => (own[one] || one) === event.code)) return say("taken");
    if (event.code === usual) delete own[usual];
    else own[usual] = event.code;
    say("");
    keep();
  }

  const marked = (key) => document.querySelector(`[data-key="${key}"]`);

  function use(element) {
    unfold(element);
    if (inField(element)) element.focus();
    else element.click();
  }

  function unfold(element) {
    const folded = element.closest("details");
    if (folded) folded.open = true;
  }

  // Presses the submit button of the part that somebody is in: a folded part of a form has one of its own.
  function send(place) {
    const form = place.closest("form");
    if (!form) return;
    const part = place.closest("details, form");
    const its = [...form.querySelectorAll("button:not([type=button])")].filter((one) => one.closest("details, form") === part);
    const button = its.includes(place) ? place : its.find((one) => !one.hidden);
    if (button) button.click();
    else form.requestSubmit();
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
    if (asked) return void remap(event);
    const typing = inField(event.target);
    const code = meant(event.code);
    if (/^F\d+$/.test(code) && marked(code)) {
      event.preventDefault();
      use(marked(code));
    } else if (event.ctrlKey && (event.code === "Enter" || event.code === "NumpadEnter")) {
      event.preventDefault();
      send(event.target);
    } else if (!typing && !event.ctrlKey && event.key === "?") {
      event.preventDefault();
      const sheet = document.getElementById("keys");
      if (sheet) sheet.showModal();
    } else if (!typing && !event.ctrlKey && outside[code]) {
      event.preventDefault();
      outside[code]();
    } else if (!typing && !event.ctrlKey && marked(code)) {
      event.preventDefault();
      use(marked(code));
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const change = event.target.closest("[data-remap]");
    if (change) {
      asked = change.dataset.remap;
      say("press");
    }
    if (event.target.id === "keys-reset") {
      for (const usual of Object.keys(own)) delete own[usual];
      keep();
    }
    const taken = event.target.closest("[data-takes]");
    if (taken) takeOver(taken.dataset.takes, taken.dataset.supporting.split(" "));
    const insert = event.target.closest("[data-insert]");
    if (insert) {
      told(insert.dataset);
      put(document.getElementById(insert.dataset.insert), insert.dataset.text);
    }
  });

  // What an answer was taken from goes with it, and not with another one that is typed after it was emptied.
  function told({ insert, article = "", version = "" }) {
    const field = insert === "answer" && document.querySelector("#case-form [name=answer]");
    if (!field) return;
    field.form.elements.article.value = article;
    field.form.elements.version.value = version;
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("#case-form [name=answer]") && !event.target.value.trim()) told({ insert: "answer" });
  });

  // A proposal fills the dispatch form; a person looks at it and sends it.
  function takeOver(lead, supporting) {
    const form = document.querySelector("form[hx-post$='/commands/assign']");
    if (!form) return;
    put(form.elements.lead, lead);
    for (const box of form.querySelectorAll("[name=supporting]")) box.checked = supporting.includes(box.value);
  }

  function put(field, text) {
    if (!field) return;
    unfold(field);
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  document.addEventListener("change", (event) => {
    const name = event.target.dataset.all;
    if (!name) return;
    event.target.form.querySelectorAll(`[name="${name}"]`).forEach((box) => (box.checked = event.target.checked));
  });

  label(document);
  document.body.addEventListener("htmx:afterSwap", (event) => label(event.detail.target));
})();
