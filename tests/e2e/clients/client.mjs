// An unmodified socket.io-client, driven line by line: what it hears goes to stdout as JSON, what it
// is to do comes on stdin. Arguments: the URL and the options of io(). With `"auth": "ask"` it has an
// `auth` function, which says "asked" whenever it is called and gives what the next {"auth"} brings.
// A third argument names the package of the client, for its older versions.
import { createInterface } from "node:readline";

const [url, json, name = "socket.io-client"] = process.argv.slice(2);
const { io } = await import(name);
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

const transport = () => socket.io.engine.transport.name;
socket.on("connect", () => say("connect", { id: socket.id, recovered: socket.recovered ?? false, transport: transport() }));
socket.on("connect_error", (error) => say("connect_error", { message: error.message, data: error.data ?? null, answer: error.context?.responseText ?? null }));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.onAny((name, ...args) => say("event", { name, args }));

for await (const line of createInterface({ input: process.stdin })) {
  const { emit, send, write, drop, auth, how } = JSON.parse(line);
  if (emit) socket.emit(...emit, (reply) => say("ack", reply));
  if (send) socket.emit(...send); // without an ack
  if (write) socket.io.engine.transport.ws.send(write); // a frame as it is
  if (drop) socket.io.engine.close();
  if (auth) give(auth);
  if (how) say("transport", transport());
}
socket.disconnect();
