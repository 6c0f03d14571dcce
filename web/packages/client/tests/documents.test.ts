// The code in the documents: it is read by `tsc` with the package's types.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const PACKAGE = new URL("..", import.meta.url);
const FOLDER = new URL("tests/.documents/", PACKAGE);

/** What the reader has beside the code that is shown. */
const GIVEN = `
import { useEffect } from "react";
import { createRoot } from "react-dom/client";
import { io } from "socket.io-client";
import { createClient, type ServerToClientEvents, type ClientToServerEvents } from "@roomcast/client";
import { overSocketio } from "@roomcast/client/socketio";
import { RoomcastProvider, useRoom } from "@roomcast/client/react";
declare const url: string, auth: { token: string };
declare const fetchToken: () => Promise<string>;
declare const render: (what: unknown) => void;
declare const refetch: () => Promise<void>;
`;

const blocks = ["README.md", "../../../docs/client.md"].flatMap((document) => {
  const text = readFileSync(new URL(document, PACKAGE), "utf8");
  return [...text.matchAll(/```tsx?\n(.*?)```/gs)].map(([, code], index) => ({
    name: `${document.replace(/\W/g, "")}${index}.tsx`,
    code: code ?? "",
  }));
});

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

describe("the code in the documents", () => {
  it("has the types of the package", { timeout: 30_000 }, () => {
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    mkdirSync(FOLDER, { recursive: true });
    for (const { name, code } of blocks) {
      const missing = GIVEN.split("\n").filter((line) => !line.startsWith("import") || !code.includes(line.split(" from ")[1] ?? "-"));
      writeFileSync(new URL(name, FOLDER), `${missing.join("\n")}\n${code}\nexport {};\n`);
    }
    const config = { extends: "../../tsconfig.json", compilerOptions: { noUnusedLocals: false }, include: ["*.tsx"], exclude: [] };
    writeFileSync(new URL("tsconfig.json", FOLDER), JSON.stringify(config));
    const tsc = fileURLToPath(new URL("../../node_modules/.bin/tsc", PACKAGE));
    let said = "";
    try {
      execFileSync(tsc, ["--noEmit", "-p", fileURLToPath(new URL("tsconfig.json", FOLDER))], { encoding: "utf8" });
    } catch (error) {
      said = String((error as { stdout?: string }).stdout);
    }
    expect(said).toBe("");
  });
});
