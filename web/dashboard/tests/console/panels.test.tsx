// @vitest-environment happy-dom
// The console's panels: what each one asks of the service, and what it tells of the answer.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AccessPanel } from "../../src/console/access/access-panel.js";
import ConsoleView from "../../src/console/console-view.js";
import { DeadLettersPanel } from "../../src/console/dead-letters/dead-letters-panel.js";
import { keepDraftsOf } from "../../src/console/drafts.js";
import { ExplainPanel } from "../../src/console/explain/explain-panel.js";
import { LinksPanel } from "../../src/console/links/links-panel.js";
import { PublishPanel } from "../../src/console/publish/publish-panel.js";
import { asking } from "../../src/console/service.js";
import { AdminRoutes } from "../fakes/admin-routes.js";
import { Page } from "../fakes/page.js";

const ask = asking("t");
let routes: AdminRoutes;
let page: Page;

beforeEach(() => {
  keepDraftsOf("");
  keepDraftsOf("boss");
  routes = new AdminRoutes();
  page = new Page();
});
afterEach(() => page.close());

const EVENTS = "POST /api/v1/admin/events";
const value = (selector: string): string => page.find<HTMLInputElement>(selector).value;

describe("Publish", () => {
  const fill = async (): Promise<void> => {
    await page.type("#publish-type", "workflow.started");
    await page.type("[name=workflow_id]", "build-7");
    await page.type("[name=status]", "running");
    await page.type("[name=total_steps]", "5");
  };

  it("publishes what the form says, without what was left empty", async () => {
    routes.answer(EVENTS, 202, { id: "019a" });
    await page.show(<PublishPanel ask={ask} />);
    await fill();
    await page.click("Publish");
    expect(routes.last("POST")?.body).toEqual({
      type: "workflow.started",
      data: { workflow_id: "build-7", status: "running", total_steps: 5 },
    });
    expect(page.text).toContain("The bus has the event 019a.");
  });

  it("asks nothing while a field is not right, and goes to the first one", async () => {
    await page.show(<PublishPanel ask={ask} />);
    await fill();
    await page.type("[name=total_steps]", "-1");
    await page.click("Publish");
    expect(routes.requests).toEqual([]);
    expect(page.find("[data-field=total_steps] .problem").textContent).toBe("Expected a whole number from 0.");
    expect(page.find("[name=total_steps]").getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(page.find("[name=total_steps]"));
  });

  it("shows the publisher's words at the field, and keeps what was typed", async () => {
    routes.answer(EVENTS, 400, { message: "workflow.started was not sent: workflow_id: expected an id" });
    await page.show(<PublishPanel ask={ask} />);
    await fill();
    await page.click("Publish");
    expect(page.find("[data-field=workflow_id] .problem").textContent).toBe("expected an id");
    expect(value("[name=workflow_id]")).toBe("build-7");
  });

  it("tells what the publisher says of no field", async () => {
    routes.answer(EVENTS, 413, { statusCode: 413, message: "workflow.started was not sent: it takes 600000 bytes" });
    await page.show(<PublishPanel ask={ask} />);
    await fill();
    await page.click("Publish");
    expect(page.text).toContain("it takes 600000 bytes");
  });

  it("has what was typed when it is shown anew, for the same user only", async () => {
    await page.show(<PublishPanel ask={ask} />);
    await fill();
    await page.show(null);
    await page.show(<PublishPanel ask={asking("fresh")} />);
    expect(value("[name=workflow_id]")).toBe("build-7");
    await page.show(null);
    keepDraftsOf("somebody else");
    await page.show(<PublishPanel ask={ask} />);
    expect(value("#publish-type")).toBe("project.updated");
  });
});

describe("what every panel tells", () => {
  it.each([
    [401, { message: "the token has expired" }, "does not take your token (the token has expired)"],
    [403, { message: "the token's role is not admin" }, "may not do this (the token's role is not admin)"],
    [404, { message: "Not Found" }, "does not have this route"],
    [503, { status: "unavailable" }, "cannot do it now (503)"],
  ])("of %d", async (status, body, text) => {
    routes.answer("GET /api/v1/admin/links", status, body);
    await page.show(<LinksPanel ask={ask} />);
    expect(page.find("[role=alert]").textContent).toContain(text);
  });

  it("when it is offline", async () => {
    routes.fail("GET /api/v1/admin/dead-letters");
    await page.show(<DeadLettersPanel ask={ask} />);
    expect(page.find("[role=alert]").textContent).toContain("you are offline");
  });
});

describe("Access", () => {
  const ROUTE = "POST /api/v1/admin/access";
  beforeEach(() => routes.answer(ROUTE, 202, { status: "ordered" }));

  it("gives the order only after a yes", async () => {
    await page.show(<AccessPanel ask={ask} />);
    await page.type("#access-user", "ada");
    await page.type("#access-reason", "Lost laptop");
    await page.click("Disconnect …");
    expect(routes.requests).toEqual([]);
    await page.click("Cancel");
    expect(page.element.querySelector("dialog")).toBeNull();
    await page.click("Disconnect …");
    await page.click("Disconnect ada");
    expect(routes.requests.map(({ body }) => body)).toEqual([{ order: "disconnect", user: "ada", reason: "Lost laptop" }]);
    expect(page.text).toContain("Ordered: Disconnect ada.");
    expect(value("#access-user")).toBe("");
  });

  it("removes from a room that one can be removed from", async () => {
    await page.show(<AccessPanel ask={ask} />);
    await page.check("[value=remove]");
    await page.type("#access-user", "f:1:ada");
    await page.type("#access-room", "global");
    await page.click("Remove from a room …");
    expect(page.find("#access-room-problem").textContent).toContain("Expected a room");
    await page.type("#access-room", "project:atlas");
    await page.click("Remove from a room …");
    await page.click("Remove f%3A1%3Aada from project:atlas");
    expect(routes.last("POST")?.body).toEqual({ order: "remove", user: "f%3A1%3Aada", room: "project:atlas" });
  });

  it("revokes the tokens of before a moment that has passed", async () => {
    await page.show(<AccessPanel ask={ask} />);
    await page.check("[value=revoke]");
    await page.type("#access-user", "ada");
    await page.type("#access-before", "2999-01-01T00:00:00");
    await page.click("Revoke tokens …");
    expect(page.find("#access-before-problem").textContent).toContain("not in the future");
    await page.type("#access-before", "2026-01-31T12:00:00");
    await page.click("Revoke tokens …");
    await page.click("Revoke tokens of ada");
    const before = new Date("2026-01-31T12:00:00").toISOString();
    expect(routes.last("POST")?.body).toEqual({ order: "revoke", user: "ada", issued_before: before });
  });

  it("shows the service's words at the field", async () => {
    routes.answer(ROUTE, 400, { statusCode: 400, message: "access.disconnect was not sent: user_id: expected a short id" });
    await page.show(<AccessPanel ask={ask} />);
    await page.type("#access-user", "ada");
    await page.click("Disconnect …");
    await page.click("Disconnect ada");
    expect(page.find("#access-user-problem").textContent).toBe("expected a short id");
    expect(value("#access-user")).toBe("ada");
  });

  it("keeps what was typed when the service cannot do it", async () => {
    routes.answer(ROUTE, 503, { status: "unavailable" });
    await page.show(<AccessPanel ask={ask} />);
    await page.type("#access-user", "ada");
    await page.click("Disconnect …");
    await page.click("Disconnect ada");
    expect(value("#access-user")).toBe("ada");
    expect(page.find("[role=alert]").textContent).toContain("cannot do it now");
  });
});

describe("Links", () => {
  const LINKS = { repositories: [{ repository: "o/r", project_id: "atlas" }], users: [{ login: "ada-l", user_id: "ada" }] };
  beforeEach(() => {
    routes.answer("GET /api/v1/admin/links", 200, LINKS);
    routes.answer("PUT /api/v1/admin/links", 200, {});
    routes.answer("DELETE /api/v1/admin/links", 200, {});
  });

  it("shows them, and links a repository and a user", async () => {
    await page.show(<LinksPanel ask={ask} />);
    expect(page.text).toContain("o/ratlas");
    await page.type("[aria-label=Repository]", "o/new");
    await page.type("[aria-label=Project]", "zeus");
    await page.click("Link"); // the last form is that of users, where nothing was typed
    expect(routes.last("PUT")).toBeUndefined();
    await page.check("[aria-label=Repositories] form button");
    expect(routes.last("PUT")?.body).toEqual({ repository: "o/new", project: "zeus" });
    await page.type("[aria-label='GitHub login']", "bob-b");
    await page.type("[aria-label=User]", "bob");
    await page.click("Link");
    expect(routes.last("PUT")?.body).toEqual({ login: "bob-b", user: "bob" });
    expect(page.text).toContain("bob-b is linked with bob.");
  });

  it("unlinks after a yes, and reads the links again", async () => {
    await page.show(<LinksPanel ask={ask} />);
    await page.click("Unlink o/r");
    expect(routes.last("DELETE")).toBeUndefined();
    routes.answer("GET /api/v1/admin/links", 200, { ...LINKS, repositories: [] });
    await page.click("Unlink o/r"); // the one in the dialog
    expect(routes.last("DELETE")?.path).toBe("/api/v1/admin/links?repository=o%2Fr");
    expect(page.text).toContain("No repository is linked");
  });

  it("tells that somebody else was faster", async () => {
    routes.answer("DELETE /api/v1/admin/links", 404, { statusCode: 404, message: "o/r is not linked" });
    await page.show(<LinksPanel ask={ask} />);
    await page.click("Unlink o/r");
    await page.click("Unlink o/r");
    expect(page.text).toContain("o/r is not linked");
  });
});

describe("Dead letters", () => {
  const QUEUE = {
    name: "PageFailures",
    messages: 2,
    can_redrive: true,
    samples: [{ id: "m-1", sent_at: "2026-01-31T12:00:00Z", reason: "Throttled", about: "event 019a (pr.created)" }],
  };

  it("shows what failed, and tries it again after a yes", async () => {
    routes.answer("GET /api/v1/admin/dead-letters", 200, { queues: [QUEUE, { name: "Other", messages: 0, can_redrive: true, samples: [] }] });
    routes.answer("POST /api/v1/admin/dead-letters/redrive", 202, { status: "redriven", queue: "PageFailures", tried_again: 2, is_complete: false });
    await page.show(<DeadLettersPanel ask={ask} />);
    expect(page.text).toContain("Throttled");
    expect(page.text).toContain("event 019a (pr.created)");
    await page.click("Try them again …");
    expect(routes.last("POST")).toBeUndefined();
    await page.click("Try again");
    expect(routes.last("POST")).toMatchObject({ path: "/api/v1/admin/dead-letters/redrive", body: { queue: "PageFailures" } });
    expect(page.text).toContain("PageFailures: 2 letters handed over again. There was no time for all");
  });
});

describe("Dead letters of streams", () => {
  it("have no button", async () => {
    const queue = { name: "count", messages: 1, can_redrive: false, samples: [] };
    routes.answer("GET /api/v1/admin/dead-letters", 200, { queues: [queue] });
    await page.show(<DeadLettersPanel ask={ask} />);
    expect(page.text).toContain("cannot be tried again");
    expect(page.text).not.toContain("Try them again");
  });
});

describe("Explain", () => {
  it("asks by the ids, and tells the verdict, what is next, and what is known", async () => {
    routes.answer("GET /api/v1/explain", 200, {
      verdict: "not_subscribed",
      reason: "No connection is in a room of the event.",
      next: "Subscribe to project:atlas.",
      user: "f%3Aada",
      event: { id: "019a", type: "pr.created", rooms: ["project:atlas", "user:x"], logged_at: null },
      rooms: [{ room: "project:atlas", may_join: false }],
      connections: [{ id: "c-1", verdict: "joined_too_late", reason: "It joined a second later.", types: [], memberships: [{ room: "project:atlas", muted: false, types: ["pr.*"] }] }],
      more_connections: true,
    });
    await page.show(<ExplainPanel ask={ask} />);
    await page.type("[aria-label='Id of the event']", " 019a ");
    await page.type("[aria-label='Id of the user']", "f:ada");
    await page.click("Explain");
    expect(routes.last("GET")?.path).toBe("/api/v1/explain?event=019a&user=f%253Aada");
    expect(page.find(".verdict").textContent).toBe("not subscribed: No connection is in a room of the event.");
    for (const text of ["Next: Subscribe to project:atlas.", "project:atlas, user:x", "may joinno", "joined too late", "room project:atlas, muted no, types pr.*", "more connections, which were not", "It joined a second later."]) {
      expect(page.text).toContain(text);
    }
    expect(page.text).not.toContain("logged at");
  });

  it("keeps the ids when the service does not explain", async () => {
    await page.show(<ExplainPanel ask={ask} />);
    await page.type("[aria-label='Id of the event']", "019a");
    await page.type("[aria-label='Id of the user']", "ada");
    await page.click("Explain");
    expect(page.find("[role=alert]").textContent).toContain("does not have this route");
    expect(value("[aria-label='Id of the event']")).toBe("019a");
  });
});

describe("the console", () => {
  it("keeps a panel that was opened behind the others", async () => {
    await page.show(<ConsoleView token="t" projects={[]} />);
    await page.click("Publish");
    await page.type("[name=project_id]", "atlas");
    await page.click("Access");
    expect(page.find("#panel-publish").hidden).toBe(true);
    expect(page.find("nav [aria-current=page]").textContent).toBe("Access");
    await page.click("Publish");
    expect(value("[name=project_id]")).toBe("atlas");
  });
});
