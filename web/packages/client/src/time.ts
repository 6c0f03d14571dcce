// Time: waiting with jitter, and a ticking that notices sleep.

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
const TICK = 10_000;
/** Timers of a hidden page tick once a minute, so only more than that is sleep. */
const SLEPT = 90_000;

/** Return how long to wait before the next attempt: up to 1, 2, 4 … 30 s, with full jitter. */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
}

/** Call `tick` every 10 s; `slept` tells that much more time has passed. Return what ends it. */
export function ticking(tick: (slept: boolean) => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const slept = Date.now() - last > SLEPT;
    last = Date.now();
    tick(slept);
  }, TICK);
  return () => clearInterval(timer);
}

/** Return an id that no other connection or tab has. */
export function newId(): string {
  return Math.random().toString(36).slice(2) + Date.now().toString(36);
}
