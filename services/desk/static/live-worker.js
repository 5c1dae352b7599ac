// One stream for all tabs of one person: HTTP/1.1 allows few streams per host.
const ports = new Set();
const source = new EventSource("/live");
const tell = (message) => ports.forEach((port) => port.postMessage(message));
// The stream begins with a resync; a tab that joins later gets one of its own.
let begun = false;
source.onmessage = (event) => {
  begun = true;
  tell({ data: event.data });
};
source.addEventListener("ping", () => tell({ ping: true }));
source.onerror = () => {
  begun = false;
  tell({ lost: true });
};
onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => message.data === "leave" && ports.delete(port);
  port.start();
  if (begun) port.postMessage({ data: JSON.stringify({ type: "resync" }) });
};
