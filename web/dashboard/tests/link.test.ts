// What a link says, and what stays of it in the address bar.
import { describe, expect, it } from "vitest";
import { addressOf, idsIn, readLink } from "../src/session/link.js";

describe("readLink", () => {
  it("returns the token and the projects", () => {
    expect(readLink("#token=a.b.c&project=atlas&project=zeus")).toEqual({ token: "a.b.c", projects: ["atlas", "zeus"] });
  });

  it("returns no token where there is none", () => {
    expect(readLink("")).toEqual({ token: null, projects: [] });
    expect(readLink("#token=")).toEqual({ token: null, projects: [] });
  });

  it("leaves out what names no project", () => {
    expect(readLink("#project=a/b&project=atlas").projects).toEqual(["atlas"]);
  });
});

describe("addressOf", () => {
  it("has the projects, and reads as it was written", () => {
    const address = addressOf("/", ["atlas", "7d0f3c1e"]);
    expect(address).toBe("/#project=atlas&project=7d0f3c1e");
    expect(readLink(address.slice(1)).projects).toEqual(["atlas", "7d0f3c1e"]);
  });

  it("has no fragment without projects", () => {
    expect(addressOf("/", [])).toBe("/");
  });
});

describe("idsIn", () => {
  it("takes ids and rooms, separated by spaces or commas, each once", () => {
    expect(idsIn(" atlas, project:zeus atlas  ")).toEqual(["atlas", "zeus"]);
  });

  it("takes ids of at most 128 characters", () => {
    expect(idsIn(`${"a".repeat(128)} ${"b".repeat(129)}`)).toEqual(["a".repeat(128)]);
  });
});
