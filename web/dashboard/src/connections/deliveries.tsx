// What came of all posts so far, by outcome.
import type { ReactNode } from "react";
import { amount } from "./amounts.js";
import type { Statistics } from "./statistics.js";

/** The outcomes in words; those after the first are errors, of which most are tried again. */
const WORDS: Readonly<Record<string, string>> = {
  sent: "delivered",
  gone: "connection was gone",
  throttled: "throttled, tried again",
  too_large: "too large, sent by reference",
  failed: "failed, tried again",
};

/** Show the posts of all events by outcome. */
export function Deliveries({ statistics: { deliveries } }: { readonly statistics: Statistics }): ReactNode {
  const all = Object.values(deliveries).reduce((sum, each) => sum + each, 0);
  return (
    <section className="card" aria-labelledby="outcomes">
      <h3 id="outcomes">Deliveries so far, by outcome</h3>
      {all === 0 && <p className="empty">Nothing was posted yet.</p>}
      <dl className="outcomes">
        {Object.entries(deliveries).map(([outcome, count]) => (
          <div key={outcome} data-outcome={outcome}>
            <dt>{WORDS[outcome] ?? outcome}</dt>
            <dd className={outcome !== "sent" && count > 0 ? "notice" : undefined}>{amount(count)}</dd>
            <dd className="bar">
              <meter min={0} max={Math.max(1, all)} value={count} aria-label={`share ${WORDS[outcome] ?? outcome}`} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
