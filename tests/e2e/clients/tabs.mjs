// Tabs of one Chromium. Arguments: the browser's address, the page's URL. Each line of stdin is one of
// {"open": name}, {"close": name}, {"see": name, "id", "text"}: until an element of that tab has the
// text, {"count": true}: how many WebSockets are open, {"forward": name, "seconds"}: the clock of
// that tab jumps, and {"sleep": name}, {"wake": name}: the browser freezes that tab, and goes on.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [address, url] = process.argv.slice(2);
const say = (heard, value) => console.log(JSON.stringify({ heard, value: value ?? null }));
const browser = await chromium.connect(address);
const context = await browser.newContext();
const tabs = new Map();
const sockets = new Set();

async function open(name) {
  const page = await context.newPage();
  await page.clock.install();
  tabs.set(name, page);
  page.on("pageerror", (error) => say("error", error.message));
  page.on("websocket", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    page.on("close", () => sockets.delete(socket));
  });
  await page.goto(url);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { open: opened, close, see, id, text, count, forward, seconds, sleep, wake } = JSON.parse(line);
  if (opened) await open(opened);
  if (close) await tabs.get(close).close();
  if (see) {
    const page = tabs.get(see);
    await page
      .waitForFunction(
        ([id, text]) => document.getElementById(id)?.textContent.includes(text),
        [id, text],
        { timeout: 20000 },
      )
      .catch(async (error) => {
        throw new Error(`${see} shows ${await page.textContent("main")}`, { cause: error });
      });
    say("seen", await page.textContent(`#${id}`));
  }
  if (count) say("sockets", sockets.size);
  if (forward) {
    await tabs.get(forward).clock.fastForward(seconds * 1000);
    say("forwarded");
  }
  if (sleep || wake) {
    const session = await context.newCDPSession(tabs.get(sleep ?? wake));
    await session.send("Page.setWebLifecycleState", { state: sleep ? "frozen" : "active" });
    say(sleep ? "sleeps" : "awake");
  }
}
await browser.close();
