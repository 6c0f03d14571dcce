// The frames of one watch: the last ones, and those that wait while the reader has paused.
import { type Frame, frameOf, KEPT } from "./frames.js";

/** Milliseconds between two changes of what is shown: frames can come faster than anybody reads. */
const EVERY = 100;

export interface LogSnapshot {
  /** The newest first. */
  readonly frames: readonly Frame[];
  /** How many came since the log was paused. */
  readonly waiting: number;
  /** How many ever came. */
  readonly total: number;
  readonly isPaused: boolean;
}

export class FrameLog {
  #frames: Frame[] = [];
  #waiting: Frame[] = [];
  #total = 0;
  #came = 0;
  #isPaused = false;
  #snapshot: LogSnapshot = { frames: [], waiting: 0, total: 0, isPaused: false };
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  /** Take a frame in; those over `KEPT` are dropped, the oldest first. */
  add(text: string, at: number): void {
    const frame = frameOf(++this.#total, text, at);
    const into = this.#isPaused ? this.#waiting : this.#frames;
    into.unshift(frame);
    if (into.length > KEPT) into.length = KEPT;
    if (this.#isPaused) this.#came++;
    this.#timer ??= setTimeout(() => this.#tell(), EVERY);
  }

  /** Let what is shown stay as it is, and bring what came meanwhile afterwards. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) {
      this.#frames = [...this.#waiting, ...this.#frames].slice(0, KEPT);
      this.#waiting = [];
      this.#came = 0;
    }
    this.#tell();
  }

  clear(): void {
    this.#frames = [];
    this.#waiting = [];
    this.#came = 0;
    this.#tell();
  }

  /** The log as it is now: another object after each change. */
  readonly snapshot = (): LogSnapshot => this.#snapshot;

  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#snapshot = {
      frames: [...this.#frames],
      waiting: this.#came,
      total: this.#total,
      isPaused: this.#isPaused,
    };
    for (const listener of this.#listeners) listener();
  }
}
