// One stream for all tabs of one person: HTTP/1.1 allows few streams per host.
const ports = new Set();
const source = new EventSource("/live");
const tell = (message) => ports.forEach((port) => port.postMessage(message));
source.onmessage = (event) => tell({ data: event.data });
source.addEventListener("ping", () => tell({ ping: true }));
source.onerror = () => tell({ lost: true });
onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => message.data === "leave" && ports.delete(port);
  port.start();
  port.postMessage({ ping: source.readyState === EventSource.OPEN });
};
