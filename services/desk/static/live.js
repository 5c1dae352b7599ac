// Live updates: messages become events on the body, and htmx fetches the fragments that wait for them.
(() => {
  const SILENT_MS = 12000;
  const body = document.body;
  const subject = body.dataset.subject;
  let heard = Date.now();
  let drawn = Date.now();
  let first = true;

  const fire = (name) => body.dispatchEvent(new CustomEvent(name));

  function take(message) {
    if (message.lost) return;
    heard = Date.now();
    if (!message.data) return;
    const { type, keys } = JSON.parse(message.data);
    if (type === "resync") {
      if (!first) fire("desk-resync");
      first = false;
      return;
    }
    fire(`desk-${type}`);
    const mine = body.dataset.case;
    if (type === "cases" && mine && (!keys || keys.length === 0 || keys.includes(mine))) fire("desk-case");
  }

  function listen() {
    if (window.SharedWorker) {
      const worker = new SharedWorker("/static/live-worker.js", { name: `desk ${subject}` });
      worker.port.onmessage = (event) => take(event.data);
      worker.port.start();
      addEventListener("pagehide", () => worker.port.postMessage("leave"));
      return;
    }
    const source = new EventSource("/live");
    source.onmessage = (event) => take({ data: event.data });
    source.addEventListener("ping", () => take({}));
  }

  function watch() {
    const fresh = document.querySelector("[data-fresh]");
    const last = fresh ? drawn : heard;
    const silent = Date.now() - last > SILENT_MS;
    const alarm = document.getElementById("silent");
    if (alarm && alarm.hidden === silent) {
      document.getElementById("silent-since").textContent = new Date(last).toTimeString().slice(0, 8);
      alarm.hidden = !silent;
    }
    if (fresh) fresh.classList.toggle("stale", silent);
    const link = document.getElementById("link");
    if (link && link.classList.contains("lost") !== silent) {
      link.classList.toggle("lost", silent);
      link.querySelector(".words").textContent = silent ? link.dataset.bad : link.dataset.good;
    }
  }

  // What somebody is typing is not replaced under his hands.
  const differs = (field) =>
    field.type === "checkbox" || field.type === "radio"
      ? field.checked !== field.defaultChecked
      : field.type !== "hidden" && field.tagName !== "SELECT" && field.value !== field.defaultValue;
  body.addEventListener("htmx:beforeRequest", (event) => {
    const place = event.detail.elt;
    const why = event.detail.requestConfig.triggeringEvent;
    if (!place.hasAttribute("data-keep") || (why && why.type === "desk-done")) return;
    if ([...place.querySelectorAll("input, textarea")].some(differs)) {
      event.preventDefault();
      document.getElementById("changed").hidden = false;
    }
  });
  // What was fetched before stays where a fetch fails; what somebody sent gets its answer, also a bad one.
  body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig.verb === "get" && event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
  });
  body.addEventListener("htmx:afterSwap", (event) => {
    const changed = document.getElementById("changed");
    if (changed && event.detail.target.hasAttribute("data-keep")) changed.hidden = true;
    if (event.detail.target.hasAttribute("data-fresh")) drawn = Date.now();
  });

  if (subject) listen();
  setInterval(watch, 1000);
})();
