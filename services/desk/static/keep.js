// What somebody has begun outlasts what is fetched: the words he typed, what he opened, and where he is.
(() => {
  const body = document.body;
  const opened = new Map();
  let focused = "";

  const differs = (field) =>
    field.type === "checkbox" || field.type === "radio"
      ? field.checked !== field.defaultChecked
      : field.type !== "hidden" && field.value !== field.defaultValue;
  const typed = (place) => place.hasAttribute("data-keep") && [...place.querySelectorAll("input, textarea")].some(differs);
  const cause = (detail) => (detail.requestConfig.triggeringEvent || {}).type;
  const words = (text) => text.replace(/\s+/g, " ").trim();
  const reads = (html) => words(new DOMParser().parseFromString(html, "text/html").body.textContent);

  // A poll brings no news by itself, so nothing is said of it.
  function withhold(why) {
    const changed = document.getElementById("changed");
    if (changed && why) changed.hidden = false;
  }

  // After a swap a thing is known again by its place, its words and its turn among its like.
  function named(place, kinds) {
    const found = new Map();
    for (const one of place.querySelectorAll(kinds)) {
      const near = one.closest("[id]");
      let name = [near.id, one.tagName, one.name, one.getAttribute("value"), words(one.textContent)].join(" ");
      while (found.has(name)) name += "+";
      found.set(name, one);
    }
    return found;
  }
  const ways = (place) => named(place, "a, button, input, select, summary, textarea");

  function remember(place, done) {
    const here = place.contains(document.activeElement) && [...ways(place)].find(([, one]) => one === document.activeElement);
    focused = here ? here[0] : "";
    if (done) return opened.clear();
    for (const [name, one] of named(place, "summary")) opened.set(name, one.parentElement.open);
  }

  function restore(place) {
    for (const [name, one] of named(place, "summary")) if (opened.has(name)) one.parentElement.open = opened.get(name);
    const one = focused && document.activeElement === body && ways(place).get(focused);
    if (one) one.focus({ preventScroll: true });
  }

  // A resync asks all the same: whether there is news is known by what comes.
  body.addEventListener("htmx:beforeRequest", (event) => {
    const why = cause(event.detail);
    if (why === "desk-done" || why === "desk-resync" || !typed(event.detail.target)) return;
    event.preventDefault();
    withhold(why);
  });

  // What was fetched before stays where a fetch fails; what somebody sent gets its answer, also a bad one.
  body.addEventListener("htmx:beforeSwap", (event) => {
    const detail = event.detail;
    const why = cause(detail);
    if (!detail.shouldSwap || detail.requestConfig.verb !== "get") return;
    if (detail.xhr.status >= 400 || (why === "desk-resync" && reads(detail.serverResponse) === words(detail.target.textContent))) {
      detail.shouldSwap = false;
    } else if (why !== "desk-done" && typed(detail.target)) {
      detail.shouldSwap = false;
      withhold(why);
    } else remember(detail.target, why === "desk-done");
  });

  // What an agent has sent is not typed any more: news of it is shown at once, as nothing of his stands in its way.
  body.addEventListener("desk-done", (event) => {
    if (event.target.closest("form[data-empties]")) event.target.closest("form").reset();
    const changed = document.getElementById("changed");
    if (!changed || !event.target.closest("#work form, [name=discard], [name=as_next]")) return;
    if (changed.hidden) return;
    changed.hidden = true;
    body.dispatchEvent(new Event("desk-cases"));
  });

  // What was answered is over: sent again, perhaps with other words, it is another wish. A slow answer comes by a poll.
  const asked = new Map();
  body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const { elt, formData, path } = detail.requestConfig;
    const { key, sent } = asked.get(path) || { key: elt.querySelector("input[name=key]"), sent: formData.get("key") };
    const next = detail.xhr.getResponseHeader("Desk-Key");
    const waits = detail.target.querySelector(".wait[hx-get]");
    const poll = waits && waits.getAttribute("hx-get");
    if (next && key && key.value === sent) key.value = next;
    if (next) asked.delete(path);
    else if (key && poll && !asked.has(poll)) asked.set(poll, { key, sent });
  });

  body.addEventListener("htmx:afterSwap", (event) => {
    const changed = document.getElementById("changed");
    if (changed && event.detail.target.hasAttribute("data-keep")) changed.hidden = true;
    if (event.detail.requestConfig.verb === "get") restore(event.detail.target);
  });
})();
