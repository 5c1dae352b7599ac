// Live updates: messages become events on the body, and htmx fetches the fragments that wait for them. The first resync
// brings what happened between this page and its stream.
(() => {
  const SILENT_MS = 12000;
  const PACE_MS = 2000;
  const body = document.body;
  const subject = body.dataset.subject;
  let heard = Date.now();
  let drawn = Date.now();

  const fire = (name) => body.dispatchEvent(new CustomEvent(name));

  // The first of many at once, the others together a little later: also the last of them is told.
  const more = new Map();
  function pace(name) {
    if (more.has(name)) return more.set(name, true);
    fire(name);
    more.set(name, false);
    setTimeout(() => {
      const again = more.get(name);
      more.delete(name);
      if (again) pace(name);
    }, PACE_MS);
  }

  function take(message) {
    if (message.lost) return;
    heard = Date.now();
    if (!message.data) return;
    const { type, keys } = JSON.parse(message.data);
    if (type === "resync") {
      fire("desk-resync");
      body.dataset.live = "yes";
      return;
    }
    if (type === "call") fire("desk-call");
    else pace(`desk-${type}`);
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
    stream(take);
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

  body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.hasAttribute("data-fresh")) drawn = Date.now();
  });

  // Not before htmx knows which fragments wait for an event.
  if (subject) document.addEventListener("DOMContentLoaded", listen);
  setInterval(watch, 1000);
})();
