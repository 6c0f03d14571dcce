// `@roomcast/client` in Node. Arguments: its built index, "json" or "socketio", the URL, a token, a
// room. It tells each change of the room, each event, and who greeted it.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [index, protocol, url, token, room] = process.argv.slice(2);
const { createClient } = await import(index);
const { overSocketio } = await import(index.replace("index.js", "socketio.js"));
const say = (heard, value) => console.log(JSON.stringify({ heard, value: value ?? null }));

const client = createClient(
  protocol === "json"
    ? { url, token }
    : { transport: overSocketio(io(url, { auth: { token }, reconnectionDelay: 100 })) },
);
client.on("*", (event) => say("event", event));
const held = client.room(room);
held.onChange(() => {
  const { state, events, ...rest } = held.snapshot();
  const entities = Object.fromEntries(Object.entries(state).map(([name, { data }]) => [name, data]));
  say("room", { ...rest, entities, count: events.length });
});
for await (const _ of createInterface({ input: process.stdin }));
process.exit();
