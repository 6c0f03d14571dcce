// How long events took from their publisher to this page, by their envelopes.

/** What of an envelope is needed. */
export interface Timed {
  readonly timestamp: string;
  readonly replayed?: boolean | undefined;
}

/** One event: when it came, and how long it took, both in milliseconds. */
export interface Latency {
  readonly at: number;
  readonly took: number;
}

/** What is shown of several: in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly median: number;
  /** Nineteen of twenty took less. */
  readonly high: number;
  readonly longest: number;
}

/** So many of the newest are kept. */
export const KEPT = 1_000;

/**
 * Return how long an event took that has come at `at`; null for one that was replayed, or has no time.
 * Its publisher's clock and this one can differ: below zero counts as zero.
 */
export function latencyOf(event: Timed, at: number): Latency | null {
  const published = Date.parse(event.timestamp);
  if (event.replayed || Number.isNaN(published)) return null;
  return { at, took: Math.max(0, at - published) };
}

/** Add one; the oldest is forgotten. */
export function kept(latencies: readonly Latency[], latency: Latency): Latency[] {
  return [...latencies, latency].slice(-KEPT);
}

/** Return what there is to say of them; null of none. */
export function summary(latencies: readonly Latency[]): LatencySummary | null {
  const sorted = latencies.map(({ took }) => took).sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number;
  if (!sorted.length) return null;
  return { count: sorted.length, median: at(0.5), high: at(0.95), longest: at(1) };
}

/** Return the median of each stretch of `every` milliseconds in which events came, at the stretch's end. */
export function medians(latencies: readonly Latency[], every: number): { at: number; value: number }[] {
  const stretches = new Map<number, Latency[]>();
  for (const latency of latencies) {
    const end = (Math.floor(latency.at / every) + 1) * every;
    stretches.set(end, [...(stretches.get(end) ?? []), latency]);
  }
  return [...stretches].map(([at, within]) => ({ at, value: summary(within)?.median ?? 0 }));
}
