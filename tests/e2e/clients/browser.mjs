// Opens a page in Chromium and tells, line by line, when an element's text is what it should be.
// Arguments: the browser's address, the page's URL. Each line of stdin: {"id", "text"}, with "reload" for a
// page that is loaded anew before.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [address, url] = process.argv.slice(2);
const browser = await chromium.connect(address);
const page = await browser.newPage();
page.on("pageerror", (error) => console.log(JSON.stringify({ heard: "error", value: error.message })));
await page.goto(url);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, text, reload } = JSON.parse(line);
  if (reload) await page.reload();
  await page.waitForFunction(
    ([id, text]) => document.getElementById(id)?.textContent.includes(text),
    [id, text],
    { timeout: 20000 },
  );
  console.log(JSON.stringify({ heard: "seen", value: await page.textContent(`#${id}`) }));
}
await browser.close();
