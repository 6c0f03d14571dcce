// The connection: it comes back, is replaced before its end, and has a token that is in force.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createClient, type ClientOptions } from "../src/index.js";
import { FakePage } from "./fakes/browser.js";
import { FakeService, FakeSocket } from "./fakes/service.js";
import { token } from "./fakes/tokens.js";

const ROOM = "project:atlas";
const MINUTE = 60_000;
const pass = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds);

let service: FakeService;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  service = new FakeService();
});

function client(options: Partial<ClientOptions> = {}) {
  return createClient({ url: "wss://example.com/ws", token: () => token(), ...options });
}

describe("opening", () => {
  it("begins when something is held, with the token as subprotocol and not in the URL", async () => {
    const made = client();
    await pass();
    expect(service.sockets).toHaveLength(0);
    made.hold();
    await pass();
    expect(made.connection).toEqual({ status: "open", error: null });
    expect(service.sockets[0]?.url).toBe("wss://example.com/ws");
    expect(service.sockets[0]?.token).toMatch(/^e30\./);
  });

  it("ends a second after the last one lets go", async () => {
    const made = client();
    const release = made.hold();
    await pass();
    release();
    await pass(500);
    expect(service.open).toHaveLength(1);
    await pass(600);
    expect(service.open).toHaveLength(0);
    expect(made.connection.status).toBe("idle");
  });

  it("needs an address", () => {
    expect(() => createClient({})).toThrow("expected the option url or transport");
  });

  it("waits longer and longer, up to 30 s, while the service refuses, and tells the token's source", async () => {
    service.accepts = false;
    const refused: boolean[] = [];
    const made = client({
      token: (was) => {
        refused.push(was);
        return token();
      },
    });
    made.hold();
    await pass(10);
    expect(made.connection.status).toBe("connecting");
    await pass(1_000);
    expect(service.sockets).toHaveLength(2);
    await pass(5 * MINUTE);
    const many = service.sockets.length;
    await pass(10 * MINUTE);
    expect(service.sockets.length - many).toBeGreaterThan(35);
    expect(service.sockets.length - many).toBeLessThan(45);
    expect(refused.slice(0, 3)).toEqual([false, true, true]);
    service.accepts = true;
    await pass(MINUTE);
    expect(made.connection.status).toBe("open");
  });

  it("gives up a handshake that takes more than 20 s", async () => {
    service.answers = false;
    client().hold();
    await pass(19_000);
    expect(service.sockets).toHaveLength(1);
    await pass(3_000);
    expect(service.sockets).toHaveLength(2);
  });

  it.each([1, 10_000])("stays ended when it is ended after %i ms of a handshake", async (milliseconds) => {
    service.answers = false;
    const made = client();
    made.hold();
    await pass(milliseconds);
    made.close();
    await pass(MINUTE);
    expect(service.sockets.length).toBeLessThan(2);
    expect(made.connection.status).toBe("idle");
  });

  it("tries again when the application cannot fetch a token, and stops when there is none", async () => {
    const answers: (() => string | null)[] = [
      () => {
        throw new Error("the login service is down");
      },
      () => null,
    ];
    const made = client({ token: () => answers.shift()?.() ?? null });
    made.hold();
    await pass(10);
    expect(made.connection.status).toBe("connecting");
    await pass(1_000);
    expect(made.connection).toMatchObject({ status: "closed", error: { code: "AUTH_MISSING" } });
    expect(service.sockets).toHaveLength(0);
  });
});

describe("an address that browsers do not take", () => {
  it("is told", async () => {
    vi.stubGlobal(
      "WebSocket",
      class {
        constructor() {
          throw new SyntaxError("an invalid URL");
        }
      },
    );
    const made = client();
    made.hold();
    await pass();
    const error = { code: "INVALID_ADDRESS", message: "SyntaxError: an invalid URL" };
    expect(made.connection).toEqual({ status: "closed", error });
  });
});

describe("coming back", () => {
  it("within a second, at random, after a loss", async () => {
    const made = client();
    made.hold();
    await pass();
    await pass(MINUTE);
    service.drop();
    expect(made.connection.status).toBe("reconnecting");
    await pass(400);
    expect(service.open).toHaveLength(0);
    await pass(200);
    expect(made.connection.status).toBe("open");
  });

  it("within a second each time, when the connections between stayed", async () => {
    const made = client();
    made.hold();
    await pass();
    for (let losses = 0; losses < 10; losses++) {
      await pass(MINUTE);
      service.drop();
      await pass(1_100);
      expect(made.connection.status).toBe("open");
    }
  });

  it("less and less often, when they end at once", async () => {
    client().hold();
    for (let seconds = 0; seconds < 600; seconds++) {
      await pass(1_000);
      service.drop();
    }
    expect(service.sockets.length).toBeLessThan(50);
  });

  it.each(["CONNECTION_LIMIT", "ACCESS_REVOKED"])("never by itself after %s", async (code) => {
    const made = client();
    made.hold();
    await pass();
    service.deliver(service.envelope("connection:1", "connection.error", { error_code: code, error_message: "why" }));
    expect(made.connection).toEqual({ status: "closed", error: { code, message: "why" } });
    await pass(10 * MINUTE);
    expect(service.sockets).toHaveLength(1);
    made.connect();
    await pass();
    expect(made.connection.status).toBe("open");
  });

  it("before the limit of two hours, with the old connection until the new one brings events", async () => {
    const made = client();
    const room = made.room(ROOM);
    const states = new Set<string>();
    made.onConnection(() => states.add(made.connection.status));
    await pass();
    states.clear();
    await pass(104 * MINUTE);
    service.publish(ROOM, "clock.ticked", { n: 1 });
    expect(service.sockets).toHaveLength(1);
    for (let passed = 0; service.sockets.length === 1 && passed < 100; passed++) await pass(2_000);
    await pass(100);
    expect(service.open).toHaveLength(2);
    service.publish(ROOM, "clock.ticked", { n: 2 });
    await pass(12_000);
    expect(service.open).toHaveLength(1);
    service.publish(ROOM, "clock.ticked", { n: 3 });
    expect(room.snapshot().events.map(({ data }) => data["n"])).toEqual([1, 2, 3]);
    expect([...states]).toEqual([]);
  });

  it("keeps the old connection when it cannot be replaced", async () => {
    const made = client();
    made.hold();
    await pass();
    service.accepts = false;
    await pass(110 * MINUTE);
    expect(service.open).toHaveLength(1);
    expect(made.connection.status).toBe("open");
    service.accepts = true;
    await pass(5 * MINUTE);
    expect(service.open).toHaveLength(1);
    expect(service.open[0]).not.toBe(service.sockets[0]);
  });
});

describe("sleep", () => {
  it("is noticed by the time that has passed: a dead connection is replaced within 5 s", async () => {
    const made = client();
    made.hold();
    await pass();
    service.answers = false;
    vi.setSystemTime(Date.now() + 8 * 3_600_000);
    await pass(10_000);
    expect(service.asked("ping")).toHaveLength(1);
    service.answers = true;
    await pass(5_100);
    expect(made.connection.status).toBe("open");
    expect(service.sockets.length).toBeGreaterThan(1);
  });

  it.each(["online", "visible"])("is noticed by the page: %s", async (what) => {
    const page = new FakePage();
    const made = client({ tabs: false });
    made.hold();
    await pass();
    service.answers = false;
    if (what === "online") page.online();
    else page.turn("visible");
    await pass(100);
    service.answers = true;
    await pass(5_000);
    expect(service.sockets).toHaveLength(2);
    expect(made.connection.status).toBe("open");
  });

  it("leaves a connection that answers", async () => {
    const page = new FakePage();
    client({ tabs: false }).hold();
    await pass();
    page.online();
    await pass(MINUTE);
    expect(service.sockets).toHaveLength(1);
  });

  it("does not wait for the next attempt when the network is back", async () => {
    const page = new FakePage();
    const made = client({ tabs: false });
    made.hold();
    await pass();
    service.accepts = false;
    service.drop();
    await pass(5 * MINUTE);
    service.accepts = true;
    page.online();
    await pass(50);
    expect(made.connection.status).toBe("open");
  });

  it("is suspected after 570 s without a heartbeat", async () => {
    client().hold();
    await pass();
    await pass(560_000);
    expect(service.asked("ping")).toHaveLength(0);
    await pass(20_000);
    expect(service.asked("ping")).toHaveLength(1);
    for (const socket of service.open) socket.deliver({ action: "ping" });
    await pass(560_000);
    expect(service.asked("ping")).toHaveLength(1);
  });
});

describe("a hidden page", () => {
  it("lets its connection go after 5 minutes, and comes back with what it missed", async () => {
    const page = new FakePage();
    const made = client({ tabs: false });
    const room = made.room(ROOM);
    await pass();
    service.publish(ROOM, "clock.ticked", { n: 1 });
    page.turn("hidden");
    await pass(4 * MINUTE);
    expect(service.open).toHaveLength(1);
    await pass(MINUTE);
    expect(service.open).toHaveLength(0);
    expect(room.snapshot().connection).toBe("idle");
    service.publish(ROOM, "clock.ticked", { n: 2 });
    page.turn("visible");
    await pass();
    expect(room.snapshot()).toMatchObject({ connection: "open", complete: true });
    expect(room.snapshot().events.map(({ data }) => data["n"])).toEqual([1, 2]);
  });

  it("keeps it when it is shown again before, and for ever with Infinity", async () => {
    const page = new FakePage();
    client({ tabs: false }).hold();
    client({ tabs: false, hiddenAfter: Infinity }).hold();
    await pass();
    page.turn("hidden");
    await pass(4 * MINUTE);
    page.turn("visible");
    await pass(4 * MINUTE);
    expect(service.open).toHaveLength(2);
    page.turn("hidden");
    await pass(10 * MINUTE);
    expect(service.open).toHaveLength(1);
  });
});

describe("the token", () => {
  it("is refreshed by authenticate before its end", async () => {
    client({ token: () => token("ada", 600) }).hold();
    await pass();
    await pass(470_000);
    expect(service.asked("authenticate")).toHaveLength(0);
    await pass(20_000);
    expect(service.asked("authenticate")).toHaveLength(1);
    await pass(500_000);
    expect(service.asked("authenticate")).toHaveLength(2);
    expect(service.sockets).toHaveLength(1);
  });

  it("is asked for again when the refresh fails", async () => {
    service.instead.push({ action: "authenticate", reply: { status: "error", code: "UNAVAILABLE" } });
    client({ token: () => token("ada", 600) }).hold();
    await pass();
    await pass(510_000);
    expect(service.asked("authenticate")).toHaveLength(2);
  });

  it("ends with a device's clock that is an hour behind", async () => {
    const ahead = (seconds: number): string => {
      const now = Math.floor(Date.now() / 1000) + 3600;
      return `e30.${btoa(JSON.stringify({ sub: "ada", iat: now, exp: now + seconds }))}.c2ln`;
    };
    client({ token: () => ahead(600) }).hold();
    await pass();
    await pass(500_000);
    expect(service.asked("authenticate")).toHaveLength(1);
  });

  it("opens other rooms: those that were refused are joined, those that it does not open are told", async () => {
    service.rooms = ["project:a"];
    const made = client({ token: () => token("ada", 600) });
    const [a, b] = [made.room("project:a"), made.room("project:b")];
    await pass();
    expect(a.snapshot()).toMatchObject({ joined: true, error: null });
    expect(b.snapshot()).toMatchObject({ joined: false, error: { code: "ROOM_ACCESS_DENIED" } });
    service.rooms = ["project:b"];
    await pass(500_000);
    expect(a.snapshot()).toMatchObject({ joined: false, error: { code: "ROOM_ACCESS_DENIED" } });
    expect(b.snapshot()).toMatchObject({ joined: true, error: null });
  });

  it("is no JWT: nothing is refreshed", async () => {
    client({ token: "opaque" }).hold();
    await pass();
    await pass(60 * MINUTE);
    expect(service.asked("authenticate")).toHaveLength(0);
    expect(service.open[0]).toBeInstanceOf(FakeSocket);
  });
});
