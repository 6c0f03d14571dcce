// Several tabs, one connection.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type ClientOptions, createClient } from "../src/index.js";
import { FakeChannel, FakePage, shareTabs } from "./fakes/browser.js";
import { FakeService } from "./fakes/service.js";
import { token } from "./fakes/tokens.js";

const ROOM = "project:atlas";
const pass = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds);

let service: FakeService;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockImplementation((() => {
    let n = 0;
    return () => 0.5 + ++n / 1e6;
  })());
  service = new FakeService();
  new FakePage();
  shareTabs();
  await import("../src/tabs.js");
});

/** Open a tab, and wait until it has found the others. */
async function tab(options: Partial<ClientOptions> = {}) {
  const made = createClient({ url: "wss://example.com/ws", token: () => token(), ...options });
  const room = made.room(ROOM);
  await vi.dynamicImportSettled();
  await pass();
  return { client: made, room, numbers: () => room.snapshot().events.map(({ data }) => data["n"]) };
}

const tick = (n: number) => service.publish(ROOM, "clock.ticked", { n });

describe("two tabs of one user", () => {
  it("have one connection, and both have the events", async () => {
    const [a, b] = [await tab(), await tab()];
    expect(service.sockets).toHaveLength(1);
    tick(1);
    await pass();
    expect([a.numbers(), b.numbers()]).toEqual([[1], [1]]);
    expect(b.room.snapshot()).toMatchObject({ connection: "open", joined: true, complete: true });
  });

  it("go on when the one with the connection is closed, with what was missed", async () => {
    const [a, b] = [await tab(), await tab()];
    tick(1);
    await pass();
    a.client.close();
    tick(2);
    await pass(1_000);
    tick(3);
    await pass();
    expect(service.sockets).toHaveLength(2);
    expect(service.open).toHaveLength(1);
    expect(b.numbers()).toEqual([1, 2, 3]);
    expect(b.room.snapshot()).toMatchObject({ connection: "open", complete: true });
  });

  it("both come back after a loss", async () => {
    const [a, b] = [await tab(), await tab()];
    tick(1);
    await pass();
    service.drop();
    tick(2);
    await pass(50);
    expect(b.room.snapshot().connection).toBe("reconnecting");
    await pass(1_000);
    expect(service.open).toHaveLength(1);
    expect([a.numbers(), b.numbers()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("leave a room with the last of them, and stay in it while one closes", async () => {
    const [a, b, c] = [await tab(), await tab(), await tab()];
    a.room.leave();
    a.client.hold();
    b.client.close();
    await pass(2_000);
    expect(service.asked("unsubscribe")).toHaveLength(0);
    tick(1);
    await pass();
    expect(c.numbers()).toEqual([1]);
    c.client.close();
    await pass();
    expect(service.asked("unsubscribe")).toMatchObject([{ room: ROOM }]);
  });

  it("do not end each other's presence", async () => {
    service.present = { [ROOM]: ["ada"] };
    const { client, room } = await tab();
    client.room(ROOM, { presence: true });
    await pass();
    await tab();
    expect(service.asked("subscribe").map(({ presence }) => presence)).toEqual([undefined, true, true]);
    expect(room.snapshot().presence?.users).toEqual(["ada"]);
  });

  it("get over one that is frozen: another one takes the connection", async () => {
    const [a, b] = [await tab(), await tab()];
    FakeChannel.frozen = [...FakeChannel.all][0] ?? null;
    await pass(20_000);
    tick(1);
    await pass(2_000);
    expect(b.numbers()).toEqual([1]);
    expect(b.room.snapshot().connection).toBe("open");
    // The first one has thawed: it has lost the lock, and hears what the other one has.
    FakeChannel.frozen = null;
    await pass(20_000);
    tick(2);
    await pass();
    expect(service.open).toHaveLength(1);
    expect(a.numbers()).toEqual([1, 2]);
  });

  it("are told alike that the service has closed the connection for good", async () => {
    const [a, b] = [await tab(), await tab()];
    const data = { error_code: "CONNECTION_LIMIT", error_message: "too many" };
    service.deliver(service.envelope("connection:1", "connection.error", data));
    await pass();
    const closed = { status: "closed", error: { code: "CONNECTION_LIMIT", message: "too many" } };
    expect([a.client.connection, b.client.connection]).toEqual([closed, closed]);
    await pass(600_000);
    expect(service.sockets).toHaveLength(1);
    // Whichever of them is told to connects.
    b.client.connect();
    await vi.dynamicImportSettled();
    await pass();
    expect([a, b].map(({ client }) => client.connection.status)).toEqual(["closed", "open"]);
    expect(b.room.snapshot()).toMatchObject({ joined: true, complete: true });
  });

  it("refresh one token", async () => {
    const options = { token: () => token("ada", 600) };
    await tab(options);
    await tab(options);
    await pass(500_000);
    expect(service.asked("authenticate")).toHaveLength(1);
  });
});

describe("a hidden tab", () => {
  it("lets the connection go, and a visible one takes it; shown again it is told what it missed", async () => {
    const hiding = new FakePage();
    const a = await tab();
    new FakePage();
    const b = await tab();
    hiding.turn("hidden");
    await pass(299_000);
    expect(service.sockets).toHaveLength(1);
    await pass(2_000);
    expect(service.open).toEqual([service.sockets[1]]);
    expect(a.room.snapshot().connection).toBe("idle");
    tick(1);
    await pass();
    expect([a.numbers(), b.numbers()]).toEqual([[], [1]]);
    hiding.turn("visible");
    await vi.dynamicImportSettled();
    await pass();
    expect(a.numbers()).toEqual([1]);
    expect(service.open).toHaveLength(1);
    expect([a, b].map(({ room }) => room.snapshot().complete)).toEqual([true, true]);
  });

  it("closes the connection when it is the only one", async () => {
    const page = new FakePage();
    await tab();
    page.turn("hidden");
    await pass(301_000);
    expect(service.open).toHaveLength(0);
  });
});

describe("tabs that share nothing", () => {
  it("are those of two users", async () => {
    await tab();
    await tab({ token: () => token("bob") });
    expect(service.sockets).toHaveLength(2);
  });

  it("are those of one name at two tenants", async () => {
    const of = (tenant: string) => `e30.${btoa(JSON.stringify({ sub: "ada", tenant }))}.c2ln`;
    await tab({ token: of("acme") });
    await tab({ token: of("umbrella") });
    await tab({ token: of("acme") });
    expect(service.sockets).toHaveLength(2);
  });

  it("have tabs: false, or tokens that name nobody", async () => {
    await tab({ tabs: false });
    await tab({ token: "opaque" });
    await tab({ token: "opaque" });
    expect(service.sockets).toHaveLength(3);
  });

  it("may name their group themselves", async () => {
    await tab({ token: "opaque", tabs: "ada" });
    await tab({ token: "opaque", tabs: "ada" });
    expect(service.sockets).toHaveLength(1);
  });
});

describe("the token that tells whose tab it is", () => {
  it("is fetched once for the first connection", async () => {
    const fetched = vi.fn(() => token());
    await tab({ token: fetched });
    expect(fetched).toHaveBeenCalledTimes(1);
    await tab({ token: fetched });
    expect(fetched).toHaveBeenCalledTimes(2);
  });
});
