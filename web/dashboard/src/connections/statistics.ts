// The service's statistics: what `GET /api/v1/websocket/stats` answers (docs/PROTOCOL.md, chapter 9).

export interface TypeStatistics {
  /** Null: all own types beyond fifty, and events of versions that did not count types. */
  readonly type: string | null;
  readonly events: number;
  readonly deliveries: number;
  readonly bytes: number;
  readonly dollars: number;
}

export interface Advice {
  readonly type: string;
  readonly text: string;
  /** Dollars so far: at least, at most. */
  readonly saves_dollars: readonly number[];
}

export interface Statistics {
  readonly connections: number;
  /** Members by kind of room: `global`, `project:*`, … */
  readonly rooms: Readonly<Record<string, number>>;
  readonly events_emitted: number;
  readonly uptime_seconds: number;
  readonly events: readonly TypeStatistics[];
  /** Posts by outcome: `sent`, `gone`, `throttled`, `too_large`, `failed`. */
  readonly deliveries: Readonly<Record<string, number>>;
  readonly cost: { readonly dollars: number; readonly prices_of: string; readonly advice: readonly Advice[] };
}

/** Return how many posts were delivered. */
export function delivered({ deliveries }: Statistics): number {
  return deliveries["sent"] ?? 0;
}

/** Return how many attempts were not: to connections that were gone, and those tried again or given up. */
export function failedAttempts({ deliveries }: Statistics): number {
  return Object.values(deliveries).reduce((sum, each) => sum + each, 0) - (deliveries["sent"] ?? 0);
}

/** Why there are none: the token is not an admin's, or not taken, or the service does not answer. */
export type Problem = "not-admin" | "bad-token" | "unreachable";

export type Answer = { readonly statistics: Statistics } | { readonly problem: Problem };

const PATIENCE = 10_000;

/** Ask for the statistics; never rejects. `signal` gives up. */
export async function askStatistics(token: string, signal: AbortSignal): Promise<Answer> {
  try {
    const answer = await fetch("/api/v1/websocket/stats", {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
    });
    if (answer.status === 401) return { problem: "bad-token" };
    if (answer.status === 403) return { problem: "not-admin" };
    if (!answer.ok) return { problem: "unreachable" };
    return { statistics: (await answer.json()) as Statistics };
  } catch {
    return { problem: "unreachable" };
  }
}
