// Chromium for the other clients of browsers, each of which has a profile of its own in it. Argument: the
// browser. It says at which address they reach it, and ends when nothing more can come from stdin.
import { chromium } from "playwright-core";

const [executablePath] = process.argv.slice(2);
const server = await chromium.launchServer({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});
console.log(server.wsEndpoint());
process.stdin.resume().on("end", () => server.close());
