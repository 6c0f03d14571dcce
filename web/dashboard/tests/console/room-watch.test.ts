// A watch: what it sends, when it connects again, when it gives up.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchRoom } from "../../src/console/watch/room-watch.js";

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    FakeSocket.all.push(this);
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.();
  }
}

let stop: () => void = () => undefined;
let frames: string[];
let statuses: string[];

const socket = (): FakeSocket => {
  const last = FakeSocket.all.at(-1);
  if (!last) throw new Error("no socket");
  return last;
};
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
const GREETING = { type: "connection.established", room: "connection:c", data: { connection_id: "c", user_id: "boss" } };
const JOINED = { status: "success", id: 1, room: "project:atlas" };

async function watch(room = "project:atlas", token: (refused: boolean) => Promise<string | null> = async () => "t"): Promise<void> {
  stop = watchRoom(
    { url: "wss://example.com/ws", room, token },
    { frame: (text) => void frames.push(text), status: (status, why) => void statuses.push(why ? `${status}: ${why}` : status) },
  );
  await pass(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  FakeSocket.all = [];
  frames = [];
  statuses = [];
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe("a watch", () => {
  it("joins the room, and leaves those that everybody is in", async () => {
    await watch();
    expect(socket().protocols).toEqual(["roomcast", "t"]);
    socket().open();
    socket().say(GREETING);
    socket().say(JOINED);
    expect(socket().sent).toEqual([
      { action: "subscribe", id: 1, room: "project:atlas" },
      { action: "unsubscribe", id: 2, rooms: ["global", "user:boss"] },
    ]);
    expect(statuses).toEqual(["connecting", "watching"]);
    expect(frames).toHaveLength(2);
  });

  it("does not skip what a connection that broke before its answer has left out", async () => {
    const event = (seq: number) => ({ type: "pr.created", room: "project:atlas", seq, data: {} });
    await watch();
    socket().open();
    socket().say(event(4));
    socket().say(JOINED);
    socket().close();
    await pass(60_000);
    socket().open();
    socket().say(event(9)); // live, before the replay of 5 to 8
    socket().close();
    await pass(60_000);
    socket().open();
    expect(socket().sent[0]).toMatchObject({ action: "subscribe", since: 4 });
    socket().say(event(5));
    socket().say({ ...JOINED, recovered: true });
    socket().close();
    await pass(60_000);
    socket().open();
    expect(socket().sent[0]).toMatchObject({ action: "subscribe", since: 5 });
  });

  it.each([
    ["global", ["user:boss"]],
    ["user:boss", ["global"]],
  ])("stays in %s when that is what is watched", async (room, left) => {
    await watch(room);
    socket().open();
    socket().say(GREETING);
    expect(socket().sent[1]).toMatchObject({ rooms: left });
  });

  it("asks for what it missed when the connection comes back", async () => {
    await watch();
    socket().open();
    socket().say(JOINED);
    socket().say({ type: "x", room: "project:atlas", seq: 7 });
    socket().say({ type: "x", room: "global", seq: 9 });
    socket().close();
    expect(statuses.at(-1)).toContain("reconnecting");
    await pass(1000);
    expect(FakeSocket.all).toHaveLength(2);
    socket().open();
    expect(socket().sent).toEqual([{ action: "subscribe", id: 1, room: "project:atlas", since: 7 }]);
    socket().say({ ...JOINED, recovered: true });
    expect(statuses.at(-1)).toBe("watching");
  });

  it("tells where frames may be missing", async () => {
    await watch();
    socket().open();
    socket().say(JOINED);
    socket().close();
    await pass(1000);
    socket().open();
    socket().say({ ...JOINED, recovered: false });
    expect(statuses.at(-1)).toContain("may be missing");
  });

  it("ends when the service refuses the room", async () => {
    await watch();
    socket().open();
    socket().say({ status: "error", id: 1, code: "ROOM_ACCESS_DENIED", message: "no" });
    expect(statuses.at(-1)).toBe("ended: The service refuses this room: no (ROOM_ACCESS_DENIED)");
    await pass(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("tries again when a store did not answer", async () => {
    await watch();
    socket().open();
    socket().say({ status: "error", id: 1, code: "UNAVAILABLE", message: "m" });
    await pass(1000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("ends when its access was taken back", async () => {
    await watch();
    socket().open();
    socket().say({ type: "connection.error", data: { error_code: "ACCESS_REVOKED", error_message: "Bye" } });
    expect(statuses.at(-1)).toBe("ended: Bye (ACCESS_REVOKED)");
  });

  it("ends when no token is taken", async () => {
    const asked: boolean[] = [];
    await watch("project:atlas", async (refused) => {
      asked.push(refused);
      return refused ? null : "t";
    });
    socket().close();
    await pass(1000);
    expect(asked).toEqual([false, true]);
    expect(statuses.at(-1)).toBe("ended: The service does not take your token.");
  });

  it("replaces a connection that has gone silent, and shows no pong of its own", async () => {
    await watch();
    socket().open();
    socket().say(JOINED);
    await pass(60_000);
    expect(socket().sent.at(-1)).toEqual({ action: "ping", id: 3 });
    socket().say({ status: "pong", id: 3 });
    expect(frames).toHaveLength(1);
    await pass(70_000 + 1000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("tells nothing after it was stopped", async () => {
    await watch();
    const first = socket();
    first.open();
    stop();
    first.say(JOINED);
    expect(frames).toEqual([]);
    await pass(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });
});
