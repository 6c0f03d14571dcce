// The same rooms over a socket of socket.io-client, which stays the application's.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../src/index.js";
import { overSocketio } from "../src/socketio.js";
import { FakePage } from "./fakes/browser.js";
import { FakeService } from "./fakes/service.js";
import { FakeSocketIo } from "./fakes/socket.js";
import { token } from "./fakes/tokens.js";

const ROOM = "project:atlas";
const pass = (milliseconds = 100) => vi.advanceTimersByTimeAsync(milliseconds);

let service: FakeService;
let socket: FakeSocketIo;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  service = new FakeService();
  socket = new FakeSocketIo();
});

const tick = (n: number) => service.publish(ROOM, "clock.ticked", { n });

describe("a socket", () => {
  it.each(["before", "after"])("that connects %s the client is there brings the events", async (when) => {
    if (when === "before") {
      socket.connect();
      await pass();
    }
    const client = createClient({ transport: overSocketio(socket) });
    const room = client.room(ROOM);
    await pass();
    tick(1);
    expect(room.snapshot()).toMatchObject({ connection: "open", joined: true });
    expect(room.snapshot().events).toHaveLength(1);
    expect(service.sockets).toHaveLength(1);
  });

  it("that comes back by itself has what was missed", async () => {
    const client = createClient({ transport: overSocketio(socket) });
    const room = client.room(ROOM);
    await pass();
    tick(1);
    service.drop();
    expect(room.snapshot().connection).toBe("reconnecting");
    tick(2);
    await pass(2_000);
    tick(3);
    expect(service.sockets).toHaveLength(2);
    expect(room.snapshot().events.map(({ data }) => data["n"])).toEqual([1, 2, 3]);
    expect(room.snapshot().complete).toBe(true);
  });

  it("that the service refuses is connected again, later", async () => {
    service.accepts = false;
    const client = createClient({ transport: overSocketio(socket) });
    client.hold();
    await pass(400);
    expect(service.sockets).toHaveLength(1);
    service.accepts = true;
    await pass(2_000);
    expect(client.connection.status).toBe("open");
  });

  it("is left to the application when the client ends: without listeners, connected", async () => {
    const client = createClient({ transport: overSocketio(socket) });
    client.hold();
    await pass();
    client.close();
    expect(socket.connected).toBe(true);
    expect(socket.listening).toBe(0);
  });

  it("is neither replaced before the limit nor ended when the page is hidden", async () => {
    const page = new FakePage();
    createClient({ transport: overSocketio(socket) }).hold();
    await pass();
    page.turn("hidden");
    await pass(119 * 60_000);
    expect(service.sockets).toHaveLength(1);
    expect(socket.connected).toBe(true);
  });

  it("that is dead after sleep is connected again", async () => {
    const client = createClient({ transport: overSocketio(socket) });
    client.hold();
    await pass();
    service.answers = false;
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(10_100);
    service.answers = true;
    await pass(5_100);
    expect(client.connection.status).toBe("open");
    expect(service.sockets).toHaveLength(2);
  });

  it("that the application has ended stays so until it connects it again", async () => {
    const client = createClient({ transport: overSocketio(socket) });
    const room = client.room(ROOM);
    await pass();
    tick(1);
    socket.disconnect();
    tick(2);
    await pass(600_000);
    expect(service.sockets).toHaveLength(1);
    expect(client.connection.status).toBe("reconnecting");
    socket.connect();
    await pass();
    expect(room.snapshot()).toMatchObject({ connection: "open", complete: true });
    expect(room.snapshot().events).toHaveLength(2);
  });
});

describe("its token", () => {
  it.each([
    ["an object", (made: string) => ({ token: made })],
    ["a function", (made: string) => (give: (auth: object) => void) => give({ token: made })],
  ])("is refreshed from auth, %s", async (_name, auth) => {
    socket.auth = auth(token("ada", 600));
    createClient({ transport: overSocketio(socket) }).hold();
    await pass();
    await pass(500_000);
    expect(service.asked("authenticate").length).toBeGreaterThan(0);
  });

  it("is refreshed from a source of its own", async () => {
    const source = vi.fn(() => token("ada", 600));
    createClient({ transport: overSocketio(socket, source) }).hold();
    await pass();
    await pass(500_000);
    expect(service.asked("authenticate")).toHaveLength(1);
    expect(source).toHaveBeenCalledTimes(2);
  });
});
