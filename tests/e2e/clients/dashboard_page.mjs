// The dashboard in Chromium. Arguments: the browser's address, axe-core's file (for {"axe"} only). Each line of
// stdin is one of {"open": url, "width", "height", "scale", "scheme"}, {"see": selector, "text"}: until an element
// has the text, {"fill": selector, "text"}, {"choose": selector, "text"}: of a list, {"click": selector},
// {"press": key}, {"offline": true or false}, {"scheme"}, {"axe": true}: what axe-core finds, {"ask": expression},
// {"shot": file}: what the window shows, as WebP. Each is answered by one line.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [address, axe] = process.argv.slice(2);
const say = (heard, value) => console.log(JSON.stringify({ heard, value: value ?? null }));
const browser = await chromium.connect(address);
let context;
let page;

async function open({ open: url, width = 1280, height = 800, scale = 1, scheme = "light" }) {
  await context?.close();
  context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: scheme,
  });
  page = await context.newPage();
  page.on("pageerror", (error) => say("error", error.message));
  page.on("console", (message) => {
    if (/content security policy|trusted/i.test(message.text())) say("error", message.text());
  });
  await page.goto(url);
}

async function see(selector, text) {
  const told = ([selector, text]) => {
    const found = [...document.querySelectorAll(selector)].find((it) => it.textContent.includes(text));
    return found?.textContent;
  };
  const handle = await page.waitForFunction(told, [selector, text], { timeout: 20000, polling: 50 });
  return handle.jsonValue();
}

async function check() {
  await page.evaluate(readFileSync(axe, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((each) => each.html) }));
}

async function shoot(file) {
  const session = await context.newCDPSession(page);
  // Quality 100 is WebP without loss, a quarter smaller than PNG; Playwright itself offers PNG and JPEG only.
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 100 });
  writeFileSync(file, Buffer.from(data, "base64"));
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.open) await open(told);
  if (told.see) say("seen", await see(told.see, told.text ?? ""));
  else if (told.axe) say("axe", await check());
  else if (told.ask) say("answer", await page.evaluate(told.ask));
  else {
    if (told.fill) await page.fill(told.fill, told.text);
    if (told.choose) await page.selectOption(told.choose, told.text);
    if (told.click) await page.click(told.click);
    if (told.press) await page.keyboard.press(told.press);
    if ("offline" in told) await context.setOffline(told.offline);
    if (told.scheme) await page.emulateMedia({ colorScheme: told.scheme });
    if (told.shot) await shoot(told.shot);
    say("done");
  }
}
await browser.close();
