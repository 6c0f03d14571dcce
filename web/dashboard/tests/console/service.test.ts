// What is asked of the routes for admins, and what their refusals mean.
import { describe, expect, it } from "vitest";
import { asking, explained, outcomeOf } from "../../src/console/service.js";
import { AdminRoutes } from "../fakes/admin-routes.js";

describe("asking", () => {
  it("sends the token in the header and the body as JSON", async () => {
    const routes = new AdminRoutes();
    routes.answer("POST /api/v1/admin/events", 202, { id: "1" });
    const came = await asking("t")("POST", "/api/v1/admin/events", { type: "x" });
    expect(came).toEqual({ ok: true, answer: { id: "1" } });
    expect(routes.requests).toEqual([
      { method: "POST", path: "/api/v1/admin/events", authorization: "Bearer t", body: { type: "x" } },
    ]);
  });

  it("tells that nothing answered", async () => {
    const routes = new AdminRoutes();
    routes.fail("GET /x");
    expect(await asking("t")("GET", "/x")).toEqual({ ok: false, status: 0, message: "" });
  });
});

describe("outcomeOf", () => {
  it("is what the service says", () => {
    expect(outcomeOf(400, '{"statusCode":400,"message":"expected text"}')).toEqual({ ok: false, status: 400, message: "expected text" });
    expect(outcomeOf(503, '{"status":"unavailable"}')).toEqual({ ok: false, status: 503, message: "" });
    expect(outcomeOf(204, "")).toEqual({ ok: true, answer: undefined });
  });

  it("takes a page of somebody else's for no answer", () => {
    expect(outcomeOf(200, "<html>log in</html>")).toEqual({ ok: false, status: 200, message: "" });
  });
});

describe("explained", () => {
  const of = (status: number, message = ""): string => explained({ ok: false, status, message });

  it.each([
    [0, "", "offline"],
    [401, "expired", "does not take your token (expired). Sign in again"],
    [403, "its role is not admin", "may not do this (its role is not admin)"],
    [404, "Not Found", "does not have this route"],
    [404, "Not found", "does not have this route"],
    [404, "o/r is not linked", "o/r is not linked"],
    [405, "", "does not have this route"],
    [429, "", "Too many requests"],
    [503, "", "cannot do it now (503)"],
    [503, "the bus did not accept it", "cannot do it now (the bus did not accept it)"],
    [200, "", "not the service"],
    [400, "expected a user", "expected a user"],
    [413, "", "refuses this (413)"],
  ])("%d %s", (status, message, text) => expect(of(status, message)).toContain(text));
});
