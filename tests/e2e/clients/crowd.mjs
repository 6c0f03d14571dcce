// Many unmodified clients at once. Arguments: the URL, the options of io(), and how many.
import { io } from "socket.io-client";

const [url, options, count] = process.argv.slice(2);
const PATIENCE = 100_000; // milliseconds; who is not there then is told
const began = performance.now();
const times = [];
const errors = [];
const greeted = new Set();
const sockets = Array.from({ length: Number(count) }, () => io(url, { ...JSON.parse(options), forceNew: true }));
const established = sockets.map(
  (socket) =>
    new Promise((resolve) => {
      socket.on("connect", () => times.push(performance.now() - began));
      socket.on("connect_error", (error) => errors.push(error.message));
      socket.on("connection_established", () => resolve(greeted.add(socket)));
    }),
);
const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE).unref());
await Promise.race([Promise.all(established), patience]);
const median = times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
const transports = sockets.map((socket) => socket.io.engine.transport.name);
const upgraded = transports.filter((name) => name === "websocket").length;
const missing = sockets
  .filter((socket, index) => !socket.connected || transports[index] !== "websocket" || !greeted.has(socket))
  .map((socket) => ({
    sid: socket.io.engine.id,
    transport: socket.io.engine.transport.name,
    engine: socket.io.engine.readyState,
    upgrading: socket.io.engine.upgrading,
    connected: socket.connected,
    greeted: greeted.has(socket),
  }));
const connected = sockets.filter((socket) => socket.connected).length;
console.log(JSON.stringify({ heard: "everyone", value: { connected, upgraded, errors, median, missing } }));
sockets.forEach((socket) => socket.disconnect());
