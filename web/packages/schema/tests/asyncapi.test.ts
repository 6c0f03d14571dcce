// The AsyncAPI document of the protocols is one for the official parser, too.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import { expect, test } from "vitest";

const text = readFileSync(new URL("../../../../docs/schema/asyncapi.json", import.meta.url), "utf8");
const ERROR = 0;
const NEWER_VERSION = "asyncapi-latest-version";

test("the official parser accepts the document", async () => {
  const { document, diagnostics } = await new Parser().parse(text);
  expect(diagnostics.filter((found) => found.code !== NEWER_VERSION)).toEqual([]);
  expect(document?.version()).toBe("3.0.0");
  const operations = document?.operations().all() ?? [];
  expect(operations.map((operation) => operation.id())).toEqual(
    expect.arrayContaining(["json.subscribe", "json.events", "socketio.connect", "socketio.events"]),
  );
  for (const operation of operations.filter((each) => each.isReceive())) {
    expect(operation.reply()?.messages().length, operation.id()).toBeGreaterThan(1);
  }
});

test("it does not accept one that is broken", async () => {
  const broken = JSON.parse(text);
  broken.operations["json.subscribe"].action = "ask";
  const { diagnostics } = await new Parser().parse(JSON.stringify(broken));
  expect(diagnostics.some((found) => found.severity === ERROR)).toBe(true);
});
