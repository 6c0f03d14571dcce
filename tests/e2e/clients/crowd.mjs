// Many unmodified clients at once. Arguments: the URL, the options of io(), and how many.
import { io } from "socket.io-client";

const [url, options, count] = process.argv.slice(2);
const sockets = Array.from({ length: Number(count) }, () => io(url, { ...JSON.parse(options), forceNew: true }));
const established = sockets.map(
  (socket) => new Promise((resolve) => socket.on("connection_established", resolve)),
);
await Promise.all(established);
console.log(JSON.stringify({ heard: "everyone", value: sockets.filter((socket) => socket.connected).length }));
sockets.forEach((socket) => socket.disconnect());
