// One Manager, two namespaces: what each of them hears. Arguments: the site's URL, the options of io().
import { Manager } from "socket.io-client";

const [url, options] = process.argv.slice(2);
const { auth, ...rest } = JSON.parse(options);
const manager = new Manager(url, rest);
const engines = new Set();
for (const namespace of ["/", "/ws"]) {
  const socket = manager.socket(namespace, { auth });
  socket.onAny((name, event) => {
    engines.add(manager.engine.id);
    console.log(JSON.stringify({ heard: name, value: { namespace, event } }));
    if (name === "project.deleted") console.log(JSON.stringify({ heard: "engines", value: engines.size }));
  });
}
