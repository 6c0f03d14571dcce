// An unmodified socket.io-client, driven line by line: what it hears goes to stdout as JSON, what it
// is to do comes on stdin. Arguments: the URL and the options of io(). With `"auth": "ask"` it has an
// `auth` function, which says "asked" whenever it is called and gives what the next {"auth"} brings.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, json] = process.argv.slice(2);
const options = JSON.parse(json);
const say = (heard, value) => console.log(JSON.stringify({ heard, value: value ?? null }));

let give;
if (options.auth === "ask") {
  options.auth = (answer) => {
    give = answer;
    say("asked");
  };
}
const socket = io(url, options);

socket.on("connect", () => say("connect", { id: socket.id, recovered: socket.recovered ?? false }));
socket.on("connect_error", (error) => say("connect_error", { message: error.message, data: error.data ?? null }));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.onAny((name, ...args) => say("event", { name, args }));

for await (const line of createInterface({ input: process.stdin })) {
  const { emit, send, write, drop, auth } = JSON.parse(line);
  if (emit) socket.emit(...emit, (reply) => say("ack", reply));
  if (send) socket.emit(...send); // without an ack
  if (write) socket.io.engine.transport.ws.send(write); // a frame as it is
  if (drop) socket.io.engine.close();
  if (auth) give(auth);
}
socket.disconnect();
