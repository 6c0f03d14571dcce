// The newest state of each entity of a room, from the service and from the events that follow.
import { entityOf, isLate, type Known, merge, type StateKeys } from "./entities.js";
import type { Envelope } from "./events.js";

/** Of more entities the oldest are forgotten. */
const MOST_ENTITIES = 10_000;

export class RoomState {
  readonly #stateKeys: StateKeys;
  readonly #known = new Map<string, Known>();
  /** Entities that were told of since a reading began. */
  #touched: Set<string> | null = null;

  constructor(stateKeys: StateKeys) {
    this.#stateKeys = stateKeys;
  }

  snapshot(): Record<string, Envelope> {
    const state: Record<string, Envelope> = {};
    for (const [entity, { merged }] of this.#known) state[entity] = merged;
    return state;
  }

  /** Take an event in; false for one that is late and says nothing that a newer one does not. */
  take(event: Envelope): boolean {
    const entity = entityOf(event, this.#stateKeys);
    if (!entity) return true;
    if (isLate(event, this.#known.get(entity))) return false;
    this.#learn(entity, event);
    return true;
  }

  /** Take in an event of another room, if its entity is known here; tell whether it is. */
  follow(event: Envelope): boolean {
    const entity = entityOf(event, this.#stateKeys);
    if (!this.#known.has(entity)) return false;
    this.#learn(entity, event);
    return true;
  }

  /** A reading of the service's state begins. */
  begin(): void {
    this.#touched = new Set();
  }

  /** One page of it. */
  read(page: readonly Envelope[]): void {
    for (const event of page) {
      const entity = entityOf(event, this.#stateKeys);
      if (entity) this.#learn(entity, event);
    }
  }

  /** All was read: entities that neither it nor any event since has named are gone. */
  end(): void {
    for (const entity of this.#known.keys()) if (!this.#touched?.has(entity)) this.#known.delete(entity);
    this.#touched = null;
  }

  #learn(entity: string, event: Envelope): void {
    this.#touched?.add(entity);
    this.#known.set(entity, merge(this.#known.get(entity), event, entity));
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_ENTITIES && oldest) this.#known.delete(oldest);
  }
}
