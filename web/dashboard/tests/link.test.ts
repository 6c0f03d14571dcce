// What a link says, and what stays of it in the address bar.
import { describe, expect, it } from "vitest";
import { addressOf, fragmentOf, idsIn, readLink } from "../src/session/link.js";

describe("readLink", () => {
  it("returns the token and the projects", () => {
    expect(readLink("#token=a.b.c&project=atlas&project=zeus")).toEqual({
      token: "a.b.c",
      view: "live",
      projects: ["atlas", "zeus"],
    });
  });

  it("returns no token where there is none", () => {
    expect(readLink("")).toEqual({ token: null, view: "live", projects: [] });
    expect(readLink("#token=")).toEqual({ token: null, view: "live", projects: [] });
  });

  it("leaves out what names no project", () => {
    expect(readLink("#project=a/b&project=atlas").projects).toEqual(["atlas"]);
  });
});

describe("fragmentOf", () => {
  it("names a view and the projects, and reads as it was written", () => {
    const fragment = fragmentOf("connections", ["atlas"]);
    expect(fragment).toBe("#view=connections&project=atlas");
    expect(readLink(fragment)).toEqual({ token: null, view: "connections", projects: ["atlas"] });
  });

  it("does not name the first view, which an unknown name means as well", () => {
    expect(fragmentOf("live", [])).toBe("");
    expect(readLink("#view=nonsense").view).toBe("live");
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
