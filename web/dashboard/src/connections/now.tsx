// The newest figures, in large.
import type { ReactNode } from "react";
import { amount, dollars, since } from "./amounts.js";
import type { Reading } from "./history.js";
import type { Polled } from "./polling.js";

/** Show the newest reading. */
export function Now({ reading: { statistics }, polled }: { reading: Reading; polled: Polled }): ReactNode {
  const errors = Object.entries(statistics.deliveries).filter(([outcome]) => outcome !== "sent");
  const figures = [
    ["Connections", amount(statistics.connections)],
    ["Events so far", amount(statistics.events_emitted)],
    ["Delivered", amount(statistics.deliveries["sent"] ?? 0)],
    ["Posts that failed", amount(errors.reduce((sum, [, count]) => sum + count, 0))],
    ["Cost of events", dollars(statistics.cost.dollars)],
    ["Up for", since(statistics.uptime_seconds)],
  ];
  return (
    <>
      <dl className="figures">
        {figures.map(([name, value]) => (
          <div key={name} className="card">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {polled.failures > 0 && (
        <p className="soft">
          {amount(polled.failures)} of this page’s readings failed: there the lines have gaps.
        </p>
      )}
    </>
  );
}
