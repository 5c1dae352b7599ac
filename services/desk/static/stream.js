// The stream of live updates, opened again for as long as somebody listens. Returns the way to open it at once.
function stream(take) {
  const FIRST_MS = 1000;
  const MOST_MS = 30000;
  let source;
  let later;
  let pause = FIRST_MS;

  function open() {
    clearTimeout(later);
    source = new EventSource("/live");
    source.onopen = () => (pause = FIRST_MS);
    source.onmessage = (event) => take({ data: event.data });
    source.addEventListener("ping", () => take({ ping: true }));
    source.onerror = lost;
  }

  // After a lost connection the browser goes on by itself, but not after an answer that is no stream: that of a server which
  // is being replaced, or the sign-in page where a session is over. The latter is asked ever more seldom.
  function lost() {
    take({ lost: true });
    if (source.readyState !== EventSource.CLOSED) return;
    later = setTimeout(open, pause);
    pause = Math.min(2 * pause, MOST_MS);
  }

  open();
  return () => {
    if (source.readyState === EventSource.CLOSED) open();
  };
}
