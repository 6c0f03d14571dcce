// Whatever happens, in whatever order: a tab that says it is complete has every event, once.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createClient, type RoomHandle } from "../src/index.js";
import { FakePage, shareTabs } from "./fakes/browser.js";
import { FakeService } from "./fakes/service.js";
import { token } from "./fakes/tokens.js";

const ROOM = "project:atlas";
/** More of them: SEEDS=2000 npm test. */
const SEEDS = Number(process.env["SEEDS"] ?? 60);
const STEPS = 40;
const WORKFLOWS = 5;

/** Return numbers from 0 to 1 that a seed decides: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Tab {
  readonly page = new FakePage();
  readonly client;
  readonly room: RoomHandle;
  /** The first event that was published after the room was joined. */
  from = Infinity;

  constructor(
    private readonly world: World,
    sharing: boolean,
  ) {
    this.client = createClient({ url: "wss://x/ws", token: () => token(), tabs: sharing, keepEvents: 10_000 });
    this.room = this.client.room(ROOM);
    this.room.onChange(() => {
      if (this.room.snapshot().joined) this.from = Math.min(this.from, this.world.published + 1);
    });
  }
}

class World {
  readonly service = new FakeService();
  readonly tabs: Tab[] = [];
  published = 0;
  /** The last number that each workflow was published with. */
  readonly newest: Record<string, number> = {};

  constructor(
    readonly random: () => number,
    readonly sharing: boolean,
  ) {}

  async pass(milliseconds: number): Promise<void> {
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(milliseconds);
  }

  publish(): void {
    const n = ++this.published;
    if (!this.service.state) {
      this.service.publish(ROOM, "clock.ticked", { n });
      return;
    }
    const entity = `workflow:${n % WORKFLOWS}`;
    this.newest[entity] = n;
    // The state is written before anybody gets the event, as the service promises.
    const others = (this.service.state[ROOM] ?? []).filter((event) => event.entity !== entity);
    const data = { workflow_id: String(n % WORKFLOWS), progress: n };
    const event = this.service.envelope(ROOM, "workflow.progress", data);
    this.service.state[ROOM] = [...others, { ...event, entity }].sort((a, b) => (a.entity ?? "").localeCompare(b.entity ?? ""));
    this.service.log.push(event);
    this.service.deliver(event);
  }

  any(): Tab | undefined {
    return this.tabs[Math.floor(this.random() * this.tabs.length)];
  }

  /** One thing that can happen. */
  async step(): Promise<void> {
    const { service } = this;
    const things: (() => unknown)[] = [
      () => this.publish(),
      () => this.publish(),
      () => this.pass(this.random() * 30),
      () => this.pass(this.random() * 3_000),
      () => this.pass(this.random() * 30_000),
      () => service.drop(),
      () => service.lose(),
      () => (service.accepts = !service.accepts),
      () => (service.slow = this.random() < 0.5 ? 0 : this.random() * 5_000),
      () => service.instead.push({ action: "subscribe", reply: { status: "error", code: "UNAVAILABLE" } }),
      () => service.instead.push({ action: "subscribe", reply: {} }),
      () => service.instead.push({ action: "state", reply: { status: "error", code: "UNAVAILABLE" } }),
      () => service.instead.push({ action: "state", reply: {} }),
      () => this.any()?.page.turn("hidden"),
      () => this.any()?.page.turn("visible"),
      () => this.any()?.page.online(),
      () => this.tabs.length < 3 && this.tabs.push(new Tab(this, this.sharing)),
      () => this.tabs.length > 1 && this.tabs.shift()?.client.close(),
      () => vi.setSystemTime(Date.now() + this.random() * 600_000),
    ];
    await things[Math.floor(this.random() * things.length)]?.();
  }

  /** All is well again, for long enough. */
  async heal(): Promise<void> {
    this.service.accepts = this.service.remembers = true;
    this.service.instead.length = this.service.slow = 0;
    for (const { page } of this.tabs) page.turn("visible");
    await this.pass(60_000);
    await this.pass(600_000);
    this.publish();
    await this.pass(1_000);
  }
}

async function run(seed: number, sharing: boolean, forgetful: boolean, stateful = false): Promise<World> {
  const random = seeded(seed);
  vi.spyOn(Math, "random").mockImplementation(random);
  shareTabs();
  const world = new World(random, sharing);
  if (stateful) world.service.state = {};
  world.service.page = 2;
  world.tabs.push(new Tab(world, sharing));
  await world.pass(100);
  for (let n = 0; n < STEPS; n++) {
    if (forgetful) world.service.remembers = random() > 0.3;
    await world.step();
  }
  await world.heal();
  return world;
}

beforeEach(async () => {
  vi.useFakeTimers();
  await import("../src/tabs.js");
});

const seeds = Array.from({ length: SEEDS }, (_, index) => index);

describe.each([
  ["tabs of their own", false],
  ["tabs that share a connection", true],
])("%s", (_name, sharing) => {
  it("miss nothing, as long as the service remembers", { timeout: 60_000 }, async () => {
    for (const seed of seeds) {
      const world = await run(seed, sharing, false);
      for (const { room, from, client } of world.tabs) {
        const { complete, connection, joined, events } = room.snapshot();
        expect({ seed, complete, connection, joined }).toEqual({ seed, complete: true, connection: "open", joined: true });
        const numbers = events.map(({ data }) => Number(data["n"]));
        expect({ seed, numbers: numbers.filter((n) => n >= from) }).toEqual({
          seed,
          numbers: Array.from({ length: world.published - from + 1 }, (_, index) => from + index),
        });
        expect({ seed, numbers }).toEqual({ seed, numbers: [...new Set(numbers)].sort((a, b) => a - b) });
        client.close();
      }
    }
  });

  it("say so when they miss something that the service has forgotten", { timeout: 60_000 }, async () => {
    let incomplete = 0;
    for (const seed of seeds) {
      const world = await run(seed, sharing, true);
      for (const { room, from, client } of world.tabs) {
        const { complete, events } = room.snapshot();
        const had = new Set(events.map(({ data }) => data["n"]));
        let missing = 0;
        for (let n = from; n <= world.published; n++) if (!had.has(n)) missing++;
        if (missing) expect({ seed, missing, complete }).toEqual({ seed, missing, complete: false });
        if (!complete) incomplete++;
        client.close();
      }
    }
    expect(incomplete).toBeGreaterThan(0);
  });

  it("have the newest state, and are complete, whatever the service forgets but that", { timeout: 60_000 }, async () => {
    for (const seed of seeds) {
      const world = await run(seed, sharing, true, true);
      for (const { room, client } of world.tabs) {
        const { complete, state } = room.snapshot();
        const shown = Object.fromEntries(Object.entries(state).map(([name, { data }]) => [name, data["progress"]]));
        expect({ seed, complete, shown }).toEqual({ seed, complete: true, shown: world.newest });
        client.close();
      }
    }
  });
});
