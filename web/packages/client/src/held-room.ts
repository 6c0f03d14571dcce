// A room and those who hold it: several parts of a page share one.
import { Room, type RoomHost, type RoomSnapshot, type Wants } from "./room.js";
import type { ConnectionStatus, Epoch } from "./session.js";

/** Milliseconds between the last holder's leaving and the room's: pages change, React mounts twice. */
export const GRACE = 1_000;

export class HeldRoom {
  readonly room: Room;
  readonly #left: () => void;
  readonly #holders = new Set<Wants>();
  readonly #listeners = new Set<() => void>();
  /** What the room was joined for so far. */
  #asked: Wants | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #snapshot: RoomSnapshot | undefined;

  /** `left` is called when nobody has held the room for a second. */
  constructor(
    name: string,
    host: Omit<RoomHost, "wants" | "changed">,
    left: () => void,
  ) {
    this.#left = left;
    this.room = new Room(name, { ...host, wants: () => this.#wants(), changed: () => this.changed() });
  }

  snapshot(connection: ConnectionStatus): RoomSnapshot {
    return (this.#snapshot ??= this.room.snapshot(connection));
  }

  changed(): void {
    this.#snapshot = undefined;
    callAll(this.#listeners);
  }

  onChange(listener: () => void): () => void {
    return added(this.#listeners, () => listener());
  }

  /** Hold the room; joined on `epoch` if it has not been for all that is wanted. */
  hold(wants: Wants, epoch: Epoch): () => void {
    const mine = { ...wants };
    this.#holders.add(mine);
    clearTimeout(this.#leaving);
    const { state, presence } = this.#wants();
    const before = this.#asked;
    if (!before || (state && !before.state) || (presence && !before.presence)) this.join(epoch);
    return () => {
      if (this.#holders.delete(mine) && !this.#holders.size) this.#leaving = setTimeout(this.#left, GRACE);
    };
  }

  join(epoch: Epoch): void {
    this.#asked = this.#wants();
    void this.room.join(epoch);
  }

  #wants(): Wants {
    const all = [...this.#holders];
    return { state: all.some((wants) => wants.state), presence: all.some((wants) => wants.presence) };
  }
}

/** Add to a set and return what takes it out. */
export function added<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => void set.delete(item);
}

/** Call code of the application: what it throws is its own, and reported as such. */
export function callAll<T extends unknown[]>(listeners: Iterable<(...args: T) => void> | undefined, ...args: T): void {
  for (const listener of [...(listeners ?? [])]) {
    try {
      listener(...args);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }
}
