// The token: what it says of itself, and for how long it is offered.
import { describe, expect, it } from "vitest";
import { claimsOf } from "../src/session/claims.js";
import { tokenSource } from "../src/session/token-source.js";

const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

describe("claimsOf", () => {
  it("returns the user, the projects and the end", () => {
    const token = jwt({ sub: "zoë", projects: ["atlas"], exp: 60 });
    expect(claimsOf(token)).toEqual({ user: "zoë", projects: ["atlas"], isAdmin: false, expires: 60_000 });
  });

  it("names no project for a token that opens all of them, or none", () => {
    expect(claimsOf(jwt({ sub: "u", projects: ["*"] }))?.projects).toEqual([]);
    expect(claimsOf(jwt({ sub: "u", projects: "*" }))?.projects).toEqual([]);
    expect(claimsOf(jwt({ sub: "u" }))).toEqual({ user: "u", projects: [], isAdmin: false, expires: Infinity });
  });

  it("tells an admin by the claim role alone", () => {
    expect(claimsOf(jwt({ sub: "u", role: "admin" }))?.isAdmin).toBe(true);
    for (const role of ["user", "account admin", true]) expect(claimsOf(jwt({ sub: "u", role }))?.isAdmin).toBe(false);
  });

  it.each(["", "nonsense", "a.b.c", jwt({}), jwt({ sub: 7 })])("returns null for %j", (token) => {
    expect(claimsOf(token)).toBeNull();
  });
});

describe("tokenSource", () => {
  it("gives up a token that a service that is well has refused twice", async () => {
    const token = tokenSource("t", async () => true);
    expect([await token(false), await token(true), await token(true)]).toEqual(["t", "t", null]);
  });

  it("keeps it while the service is not well", async () => {
    const token = tokenSource("t", async () => false);
    for (let attempt = 0; attempt < 9; attempt++) expect(await token(true)).toBe("t");
  });

  it("begins anew after a connection that opened", async () => {
    const token = tokenSource("t", async () => true);
    expect([await token(true), await token(false), await token(true)]).toEqual(["t", "t", "t"]);
  });
});
