// Which tabs are in which rooms of their one connection: the last one that leaves a room ends it.
import type { Reply } from "./wire.js";

interface Asked {
  readonly room?: string;
  readonly presence?: boolean;
}

export class SharedRooms {
  /** Per room the tabs that are in it, and whether each wants to know who is there. */
  readonly #tabs = new Map<string, Map<string, boolean>>();

  /** Have a command of a tab answered: by `send`, or here when it concerns that tab alone. */
  async serve(tab: string, action: string, body: Asked, send: (body: object) => Promise<Reply>): Promise<Reply> {
    const { room = "" } = body;
    if (action === "subscribe") {
      const tabs = this.#tabs.get(room) ?? new Map<string, boolean>();
      this.#tabs.set(room, tabs.set(tab, !!body.presence));
      // The last `subscribe` says what the connection is sent: one tab must not end it for another.
      const presence = [...tabs.values()].includes(true);
      const reply = await send({ ...body, ...(presence && { presence }) });
      if (reply.status !== "success") this.#leave(tab, room);
      return reply;
    }
    if (action === "unsubscribe" && !this.#leave(tab, room)) return { status: "success", room };
    return send(body);
  }

  /** Take a tab out of all rooms; return those that are empty now. */
  without(tab: string): string[] {
    return [...this.#tabs.keys()].filter((room) => this.#tabs.get(room)?.has(tab) && this.#leave(tab, room));
  }

  /** Tell whether the room is empty now. */
  #leave(tab: string, room: string): boolean {
    const tabs = this.#tabs.get(room);
    tabs?.delete(tab);
    if (tabs?.size) return false;
    this.#tabs.delete(room);
    return true;
  }
}
