// The newest figures, in large.
import type { ReactNode } from "react";
import { amount, dollars, since } from "./amounts.js";
import type { Reading } from "./history.js";
import type { Polled } from "./polling.js";
import { delivered, failedAttempts } from "./statistics.js";

/** Show the newest reading. */
export function Now({ reading: { statistics }, polled }: { reading: Reading; polled: Polled }): ReactNode {
  const figures = [
    ["Connections", amount(statistics.connections)],
    ["Events so far", amount(statistics.events_emitted)],
    ["Delivered", amount(delivered(statistics))],
    ["Failed attempts", amount(failedAttempts(statistics))],
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
