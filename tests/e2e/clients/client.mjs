// An unmodified socket.io-client, driven line by line: what it hears goes to stdout as JSON, what it
// is to do comes on stdin. Arguments: the URL and the options of io().
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, options] = process.argv.slice(2);
const socket = io(url, JSON.parse(options));
const say = (heard, value) => console.log(JSON.stringify({ heard, value: value ?? null }));

socket.on("connect", () => say("connect", { id: socket.id, recovered: socket.recovered ?? false }));
socket.on("connect_error", (error) => say("connect_error", { message: error.message, data: error.data ?? null }));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.onAny((name, ...args) => say("event", { name, args }));

for await (const line of createInterface({ input: process.stdin })) {
  const { emit, drop } = JSON.parse(line);
  if (emit) socket.emit(...emit, (reply) => say("ack", reply));
  if (drop) socket.io.engine.close();
}
socket.disconnect();
