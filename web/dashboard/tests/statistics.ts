// Statistics as the service answers them, nothing counted but what a test says.
import type { Statistics } from "../src/connections/statistics.js";

export function statistics(given: Partial<Statistics> = {}): Statistics {
  return {
    connections: 0,
    rooms: { global: 0 },
    events_emitted: 0,
    uptime_seconds: 0,
    events: [],
    deliveries: { sent: 0, gone: 0, throttled: 0, too_large: 0, failed: 0 },
    cost: { dollars: 0, prices_of: "2026-11-25", advice: [] },
    ...given,
  };
}
