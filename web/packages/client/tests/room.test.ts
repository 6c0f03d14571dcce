// A room: position, repeats, late state, gaps, the service's state, presence.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Client, createClient, type Envelope } from "../src/index.js";
import { FakeService } from "./fakes/service.js";
import { token } from "./fakes/tokens.js";

const ROOM = "project:atlas";
const pass = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds);

let service: FakeService;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  service = new FakeService();
  client = createClient({ url: "wss://example.com/ws", token: () => token() });
});

function progress(n: number, given: Partial<Envelope> = {}, data: object = {}): Envelope {
  return service.publish(ROOM, "workflow.progress", { workflow_id: "7", progress: n, ...data }, given);
}

const numbers = (events: readonly Envelope[]) => events.map(({ data }) => data["progress"]);

describe("joining", () => {
  it("asks once for all who hold the room, and leaves a second after the last", async () => {
    const [first, second] = [client.room(ROOM), client.room(ROOM)];
    expect(first.snapshot().joined).toBe(false);
    await pass();
    expect(service.asked("subscribe")).toEqual([{ action: "subscribe", id: 1, room: ROOM, state: true }]);
    expect(first.snapshot()).toBe(second.snapshot());
    expect(first.snapshot().joined).toBe(true);
    client.hold();
    first.leave();
    first.leave();
    await pass(2_000);
    expect(service.asked("unsubscribe")).toHaveLength(0);
    second.leave();
    await pass(2_000);
    expect(service.asked("unsubscribe")).toMatchObject([{ room: ROOM }]);
    expect(client.snapshot(ROOM).joined).toBe(false);
  });

  it("is kept when the room is held again within that second", async () => {
    client.hold();
    const room = client.room(ROOM);
    await pass();
    progress(10);
    room.leave();
    const again = client.room(ROOM);
    await pass(5_000);
    expect(service.asked("subscribe")).toHaveLength(1);
    expect(service.asked("unsubscribe")).toHaveLength(0);
    expect(numbers(again.snapshot().events)).toEqual([10]);
  });

  it("never leaves the rooms that everybody is in", async () => {
    client.hold();
    const rooms = [client.room("global"), client.room("user:ada")];
    await pass();
    for (const room of rooms) room.leave();
    await pass(5_000);
    expect(service.asked("unsubscribe")).toHaveLength(0);
  });

  it("takes a UUID in any spelling", async () => {
    const id = "6f1c0f9e-3a52-4c61-9d0a-0d5f4ad5a001";
    const room = client.room(`project:${id.toUpperCase()}`);
    await pass();
    service.publish(`project:${id}`, "clock.ticked", {});
    expect(room.snapshot().events).toHaveLength(1);
    expect(client.snapshot(`project:${id}`)).toBe(room.snapshot());
  });

  it("is tried again when it can succeed, and told when it cannot", async () => {
    service.instead.push(
      { action: "subscribe", reply: { status: "error", code: "RATE_LIMITED", message: "slow", retry_after_ms: 300 } },
      { action: "subscribe", reply: { status: "error", code: "UNAVAILABLE", message: "store" } },
    );
    const room = client.room(ROOM);
    await pass(700);
    expect(room.snapshot().joined).toBe(false);
    await pass(2_000);
    expect(room.snapshot().joined).toBe(true);
    service.rooms = [];
    const refused = client.room("project:other");
    await pass();
    expect(refused.snapshot().error).toEqual({ code: "ROOM_ACCESS_DENIED", message: "not yours" });
  });

  it("of very many rooms is spread, so that the service refuses none", async () => {
    const rooms = Array.from({ length: 120 }, (_, n) => client.room(`agent:${n}`));
    await pass(50);
    expect(service.asked("subscribe")).toHaveLength(80);
    await pass(1_000);
    expect(service.asked("subscribe")).toHaveLength(90);
    await pass(4_000);
    expect(rooms.every((room) => room.snapshot().joined)).toBe(true);
  });

  it("ends when the access to the room is revoked, and the others stay", async () => {
    const [room, other] = [client.room(ROOM), client.room("project:other")];
    await pass();
    const data = { error_code: "ACCESS_REVOKED", error_message: "gone", room: ROOM };
    service.deliver(service.envelope("connection:1", "connection.error", data));
    expect(room.snapshot()).toMatchObject({ joined: false, error: { code: "ACCESS_REVOKED", message: "gone" } });
    expect(other.snapshot()).toMatchObject({ joined: true, error: null, connection: "open" });
  });
});

describe("the position", () => {
  it("is the last event's: after a loss what was missed comes, once and in order", async () => {
    const room = client.room(ROOM);
    const heard: unknown[] = [];
    client.on("workflow.progress", ({ data }) => heard.push(data.progress));
    await pass();
    const last = progress(10);
    service.drop();
    progress(20);
    progress(30);
    await pass(1_000);
    progress(40);
    expect(service.asked("subscribe")[1]).toMatchObject({ room: ROOM, since: last.seq });
    expect(heard).toEqual([10, 20, 30, 40]);
    expect(numbers(room.snapshot().events)).toEqual([10, 20, 30, 40]);
    expect(room.snapshot().complete).toBe(true);
  });

  it("moves only when subscribe is answered: a second loss during replay leaves no gap", async () => {
    const room = client.room(ROOM);
    await pass();
    const tick = (n: number): Envelope => service.publish(ROOM, "clock.ticked", { progress: n });
    const last = tick(10);
    service.drop();
    tick(20);
    const third = tick(30);
    service.instead.push({ action: "subscribe", reply: {} });
    await pass(515);
    // It is in the room, but the events before this one, and the reply, do not come any more.
    service.open[0]?.deliver(third);
    service.drop();
    await pass(2_000);
    expect(service.asked("subscribe").at(-1)).toMatchObject({ since: last.seq });
    expect(numbers(room.snapshot().events)).toEqual([10, 20, 30]);
  });

  it("of a room where nothing has happened yet is the greeting", async () => {
    const room = client.room(ROOM, { state: false });
    await pass();
    service.drop();
    progress(20);
    await pass(1_000);
    expect(service.asked("subscribe")[1]).toMatchObject({ since: "id-1" });
    expect(numbers(room.snapshot().events)).toEqual([20]);
    expect(room.snapshot().complete).toBe(true);
  });

  it("of a room that has been quiet for an hour is the last event of another room", async () => {
    const [room, other] = [client.room(ROOM), client.room("project:other")];
    await pass();
    progress(10);
    await pass(61 * 60_000);
    const tick = service.publish("project:other", "clock.ticked", {});
    service.drop();
    await pass(1_000);
    const asked = service.asked("subscribe").filter(({ since }) => since !== undefined);
    expect(asked).toMatchObject([
      { room: ROOM, since: tick.id },
      { room: "project:other", since: tick.seq },
    ]);
    expect(room.snapshot().complete && other.snapshot().complete).toBe(true);
  });
});

describe("repeats and order", () => {
  it("drops what has come, by its id", async () => {
    const room = client.room(ROOM);
    const heard = vi.fn();
    client.on("*", heard);
    await pass();
    const event = progress(10);
    service.deliver(event);
    expect(numbers(room.snapshot().events)).toEqual([10]);
    expect(heard.mock.calls.filter(([{ type }]) => type === "workflow.progress")).toHaveLength(1);
  });

  it("drops late state: a smaller number of the same publisher and entity", async () => {
    const room = client.room(ROOM);
    const heard: unknown[] = [];
    client.on("workflow.progress", ({ data }) => heard.push(data.progress));
    await pass();
    progress(60, { number: 6 });
    progress(50, { number: 5 });
    expect(heard).toEqual([60]);
    expect(room.snapshot().state["workflow:7"]?.data["progress"]).toBe(60);
  });

  it("hands on what comes late and tells something: logs, another entity, another publisher, a field", async () => {
    const room = client.room(ROOM);
    const heard: unknown[] = [];
    client.on("workflow.progress", ({ data }) => heard.push(data.progress));
    await pass();
    progress(60, { number: 6 });
    progress(50, { number: 5 }, { logs: ["compiling"] });
    progress(40, { number: 4 }, { workflow_id: "8" });
    progress(30, { number: 3, publisher: "p2", seq: 1 });
    progress(20, { number: 2 }, { total_steps: 5 });
    expect(heard).toEqual([60, 50, 40, 30, 20]);
    // Its state stays the newest one, with what only the late one knew.
    expect(room.snapshot().state["workflow:7"]?.data).toMatchObject({ progress: 60, total_steps: 5 });
    expect(room.snapshot().state["workflow:7"]?.data["logs"]).toBeUndefined();
  });

  it("orders events by their positions, and keeps the last hundred", async () => {
    const room = client.room(ROOM, { state: false });
    await pass();
    service.publish(ROOM, "clock.ticked", { progress: 2 }, { seq: 2 });
    service.publish(ROOM, "clock.ticked", { progress: 1 }, { seq: 1 });
    service.publish(ROOM, "clock.ticked", { progress: 3 }, { seq: 3 });
    expect(numbers(room.snapshot().events)).toEqual([1, 2, 3]);
    for (let n = 4; n <= 150; n++) service.publish(ROOM, "clock.ticked", { progress: n }, { seq: n });
    expect(numbers(room.snapshot().events)).toEqual(Array.from({ length: 100 }, (_, index) => index + 51));
  });

  it("has the entities of own events with stateKeys", async () => {
    client = createClient({ url: "wss://example.com/ws", stateKeys: { deploy: ["team", "service"] } });
    const room = client.room("team:red");
    await pass();
    service.publish("team:red", "deploy.finished", { team: "red", service: "a:b" });
    expect(Object.keys(room.snapshot().state)).toEqual(["deploy:red:a%3Ab"]);
  });

  it("follows an entity that comes through another room", async () => {
    const [global] = [client.room("global"), client.room("agent:a1")];
    await pass();
    service.publish("global", "agent.status_changed", { agent_id: "a1", status: "idle" });
    service.publish("agent:a1", "agent.status_changed", { agent_id: "a1", status: "busy" });
    expect(global?.snapshot().state["agent:a1"]?.data["status"]).toBe("busy");
    expect(global?.snapshot().events).toHaveLength(1);
  });
});

describe("a gap", () => {
  const loseSome = async (): Promise<void> => {
    await pass();
    progress(10);
    service.drop();
    service.remembers = false;
    progress(20);
    await pass(1_000);
  };

  it("that nothing cures is told until the application has fetched what it needs", async () => {
    const room = client.room(ROOM);
    await loseSome();
    expect(room.snapshot().complete).toBe(false);
    room.settle();
    expect(room.snapshot().complete).toBe(true);
    service.drop();
    service.remembers = true;
    await pass(1_000);
    expect(room.snapshot().complete).toBe(true);
  });

  it("stays told over later connections", async () => {
    const room = client.room(ROOM);
    await loseSome();
    service.remembers = true;
    service.drop();
    await pass(2_000);
    expect(room.snapshot()).toMatchObject({ connection: "open", complete: false });
  });

  it("is cured by the service's state", async () => {
    service.state = { [ROOM]: [] };
    const room = client.room(ROOM);
    await pass();
    progress(10);
    service.drop();
    service.remembers = false;
    const missed = progress(20);
    service.state[ROOM] = [{ ...missed, entity: "workflow:7" }];
    await pass(1_000);
    expect(room.snapshot().complete).toBe(true);
    expect(room.snapshot().state["workflow:7"]?.data["progress"]).toBe(20);
  });

  it("is there when the connection broke with no position at all", async () => {
    service.greets = false;
    const room = client.room(ROOM);
    await pass();
    expect(room.snapshot().complete).toBe(true);
    service.drop();
    await pass(1_000);
    expect(room.snapshot()).toMatchObject({ joined: true, complete: false });
  });
});

describe("state", () => {
  const told = (entity: string, n: number, given: Partial<Envelope> = {}): Envelope =>
    service.envelope(ROOM, "workflow.progress", { workflow_id: entity, progress: n }, { entity: `workflow:${entity}`, ...given });

  it("comes with the join, page by page, and events that come meanwhile are newer", async () => {
    service.page = 2;
    service.state = { [ROOM]: ["1", "2", "3", "4", "5"].map((entity) => told(entity, 10)) };
    const room = client.room(ROOM);
    await pass(22);
    expect(service.asked("state")).toHaveLength(1);
    expect(Object.keys(room.snapshot().state)).toHaveLength(2);
    progress(90, {}, { workflow_id: "5" });
    await pass(100);
    expect(service.asked("state")).toMatchObject([{ after: "2" }, { after: "4" }]);
    const { state } = room.snapshot();
    expect(["1", "3", "5"].map((entity) => state[`workflow:${entity}`]?.data["progress"])).toEqual([10, 10, 90]);
  });

  it("has large entities whole; without them it is not complete, and is read again on the next connection", async () => {
    const large = told("1", 10, { data: {}, data_ref: { url: "https://data/1", size: 9, sha256: "", expires_at: "" } });
    service.state = { [ROOM]: [large] };
    vi.stubGlobal("fetch", async () => new Response("", { status: 403 }));
    const room = client.room(ROOM);
    await pass();
    expect(room.snapshot().complete).toBe(false);
    vi.stubGlobal("fetch", async () => new Response('{"workflow_id":"1","progress":10}'));
    service.drop();
    await pass(1_000);
    expect(room.snapshot().complete).toBe(true);
    expect(room.snapshot().state["workflow:1"]?.data["progress"]).toBe(10);
  });

  it("that comes as events is taken as state, again after each connection", async () => {
    const room = client.room(ROOM);
    const heard = vi.fn();
    client.on("workflow.progress", heard);
    await pass();
    const event = progress(50);
    for (const total of [4, 5]) {
      service.deliver({ ...event, entity: "workflow:7", replayed: true, data: { ...event.data, total_steps: total } });
    }
    expect(room.snapshot().state["workflow:7"]?.data).toMatchObject({ progress: 50, total_steps: 5 });
    expect(room.snapshot().events).toHaveLength(1);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("forgets entities that are gone when it is read again", async () => {
    service.state = { [ROOM]: [told("1", 10), told("2", 10)] };
    const room = client.room(ROOM);
    await pass();
    service.remembers = false;
    service.state[ROOM] = [told("2", 20)];
    service.drop();
    await pass(1_000);
    expect(Object.keys(room.snapshot().state)).toEqual(["workflow:2"]);
  });

  it("that was not read to its end is read again on the next connection", async () => {
    service.page = 1;
    service.state = { [ROOM]: [told("1", 10), told("2", 10)] };
    service.instead.push({ action: "state", reply: { status: "error", code: "INVALID_MESSAGE", message: "cursor" } });
    const room = client.room(ROOM);
    await pass();
    expect(room.snapshot().complete).toBe(false);
    service.drop();
    await pass(1_000);
    expect(room.snapshot().complete).toBe(true);
    expect(Object.keys(room.snapshot().state)).toHaveLength(2);
  });

  it("is read for a second holder who wants it, where the first one did not", async () => {
    service.state = { [ROOM]: [told("1", 10)] };
    const room = client.room(ROOM, { state: false });
    await pass();
    expect(service.asked("subscribe")[0]).not.toHaveProperty("state");
    client.room(ROOM);
    await pass();
    expect(Object.keys(room.snapshot().state)).toEqual(["workflow:1"]);
  });

  it("that the service refuses is left out", async () => {
    service.instead.push({ action: "subscribe", reply: { status: "error", code: "INVALID_MESSAGE", message: "state" } });
    const room = client.room(ROOM);
    await pass();
    expect(room.snapshot()).toMatchObject({ joined: true, complete: true, state: {} });
  });
});

describe("presence", () => {
  it("is the list of the reply, and those who come and go", async () => {
    service.present = { [ROOM]: ["ada", "bob"] };
    const room = client.room(ROOM, { presence: true });
    await pass();
    expect(service.asked("subscribe")[0]).toMatchObject({ presence: true });
    service.publish(ROOM, "presence.joined", { user_id: "cy" });
    service.publish(ROOM, "presence.joined", { user_id: "ada" });
    expect(room.snapshot().presence).toEqual({ users: ["bob", "cy", "ada"], count: 3 });
    service.publish(ROOM, "presence.left", { user_ids: ["bob", "ada"], count: 1 });
    expect(room.snapshot().presence).toEqual({ users: ["cy"], count: 1 });
    expect(room.snapshot().events).toEqual([]);
  });

  it("is null when nobody asks, when the service has none, and when it refuses it in such rooms", async () => {
    const plain = client.room("project:a");
    const silent = client.room("project:b", { presence: true });
    await pass();
    expect([plain, silent].map((room) => room.snapshot().presence)).toEqual([null, null]);
    service.instead.push({ action: "subscribe", reply: { status: "error", code: "INVALID_MESSAGE", message: "kind" } });
    const refused = client.room("project:c", { presence: true });
    await pass();
    expect(refused.snapshot()).toMatchObject({ joined: true, error: null, presence: null });
  });
});

describe("presence that nobody asks for any more", () => {
  it("is null once the room was joined anew", async () => {
    service.present = { [ROOM]: ["ada"] };
    const room = client.room(ROOM);
    const list = client.room(ROOM, { presence: true });
    await pass();
    expect(room.snapshot().presence?.count).toBe(1);
    list.leave();
    service.drop();
    await pass(2_000);
    expect(room.snapshot()).toMatchObject({ joined: true, presence: null });
  });
});

describe("a handler that throws", () => {
  it("is reported, and the others hear the event", async () => {
    const heard = vi.fn();
    client.room(ROOM);
    client.on("clock.ticked", () => {
      throw new Error("the application's own");
    });
    client.on("clock.ticked", heard);
    await pass();
    service.publish(ROOM, "clock.ticked", {});
    expect(heard).toHaveBeenCalledTimes(1);
    expect(() => vi.advanceTimersByTime(1)).toThrow("the application's own");
  });
});

describe("large events", () => {
  const reference = { url: "https://data.example.com/1", size: 9, sha256: "", expires_at: "" };

  it("come with their data", async () => {
    vi.stubGlobal("fetch", async () => new Response('{"n":1}'));
    const room = client.room(ROOM);
    await pass();
    service.publish(ROOM, "report.made", {}, { data_ref: reference });
    await pass();
    expect(room.snapshot().events[0]?.data).toEqual({ n: 1 });
  });

  it("come without it when the link does not answer", async () => {
    vi.stubGlobal("fetch", async () => new Response("", { status: 403 }));
    const room = client.room(ROOM);
    await pass();
    service.publish(ROOM, "report.made", {}, { data_ref: reference });
    await pass();
    expect(room.snapshot().events[0]).toMatchObject({ data: {}, data_ref: reference });
  });

  it("come without it when the link hangs", async () => {
    const limited = new AbortController();
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(limited.signal);
    const hangs = (_url: string, { signal }: RequestInit = {}) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    vi.stubGlobal("fetch", hangs);
    const room = client.room(ROOM);
    await pass();
    service.publish(ROOM, "report.made", {}, { data_ref: reference });
    await pass();
    expect(room.snapshot().events).toEqual([]);
    limited.abort();
    await pass();
    expect(room.snapshot().events[0]).toMatchObject({ data: {}, data_ref: reference });
  });
});
