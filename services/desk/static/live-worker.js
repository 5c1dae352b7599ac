// One stream for all tabs of one person: HTTP/1.1 allows few streams per host.
importScripts("/static/stream.js");
const ports = new Set();
// The stream begins with a resync; a tab that joins later gets one of its own.
let begun = false;
const reopen = stream((message) => {
  if (message.data) begun = true;
  if (message.lost) begun = false;
  ports.forEach((port) => port.postMessage(message));
});
onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => message.data === "leave" && ports.delete(port);
  port.start();
  if (begun) port.postMessage({ data: JSON.stringify({ type: "resync" }) });
  else reopen();
};
