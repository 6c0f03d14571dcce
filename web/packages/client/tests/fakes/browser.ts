// What several tabs of a browser share, and what happens to a page; for tests in Node.
import { vi } from "vitest";

/** Channels between tabs. A tab that is frozen hears and says nothing. */
export class FakeChannel {
  static readonly all = new Set<FakeChannel>();
  static frozen: FakeChannel | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    FakeChannel.all.add(this);
  }

  postMessage(data: unknown): void {
    if (FakeChannel.frozen === this) return;
    const copy = structuredClone(data);
    for (const other of FakeChannel.all) {
      if (other === this || other.name !== this.name) continue;
      setTimeout(() => FakeChannel.all.has(other) && FakeChannel.frozen !== other && other.onmessage?.({ data: copy }), 1);
    }
  }

  close(): void {
    FakeChannel.all.delete(this);
  }
}

type Held = () => Promise<void>;

/** The locks of an origin: one holder for each name, the others wait, `steal` takes it. */
export class FakeLocks {
  readonly #holders = new Map<string, (error: Error) => void>();
  readonly #queues = new Map<string, (() => void)[]>();

  request(name: string, { steal, signal }: { steal?: boolean; signal?: AbortSignal }, held: Held): Promise<void> {
    return new Promise((resolve, reject) => {
      const grant = (): void => {
        this.#holders.set(name, reject);
        const mine = reject;
        void held().then(() => {
          if (this.#holders.get(name) !== mine) return;
          this.#holders.delete(name);
          resolve();
          this.#queues.get(name)?.shift()?.();
        });
      };
      if (steal) this.#holders.get(name)?.(new Error("stolen"));
      if (steal || !this.#holders.has(name)) {
        grant();
        return;
      }
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      queue.push(grant);
      signal?.addEventListener("abort", () => {
        const at = queue.indexOf(grant);
        if (at >= 0) queue.splice(at, 1);
        reject(new Error("aborted"));
      });
    });
  }
}

/** A page that can be hidden, and wakes up. */
export class FakePage extends EventTarget {
  visibilityState = "visible";

  constructor() {
    super();
    vi.stubGlobal("document", this);
    vi.stubGlobal("addEventListener", this.addEventListener.bind(this));
    vi.stubGlobal("removeEventListener", this.removeEventListener.bind(this));
  }

  turn(visibility: "visible" | "hidden"): void {
    this.visibilityState = visibility;
    this.dispatchEvent(new Event("visibilitychange"));
  }

  online(): void {
    this.dispatchEvent(new Event("online"));
  }
}

/** Give pages locks and channels, so that their clients share one connection. */
export function shareTabs(): void {
  FakeChannel.all.clear();
  FakeChannel.frozen = null;
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  vi.stubGlobal("navigator", { locks: new FakeLocks() });
}
