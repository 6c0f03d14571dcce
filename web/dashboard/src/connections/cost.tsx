// What events have cost so far, by type, and what would lower that: as the service has estimated it.
import type { ReactNode } from "react";
import { percentage } from "../words.js";
import { amount, dollars, savings } from "./amounts.js";
import type { Statistics } from "./statistics.js";

/** Show the cost of events and the advice. */
export function Cost({ statistics: { events, cost } }: { readonly statistics: Statistics }): ReactNode {
  return (
    <section className="card cost" aria-labelledby="cost">
      <h3 id="cost">Cost of events so far</h3>
      <p className="soft">
        An estimate by list prices of {cost.prices_of}, since the service began to count. Connections and
        further rooms of an event are not in it.
      </p>
      <p className="figure">{dollars(cost.dollars)}</p>
      {cost.advice.length > 0 && (
        <ul className="advice" aria-label="Advice">
          {cost.advice.map(({ type, text, saves_dollars: saves }) => (
            <li key={`${type} ${text}`}>
              {text} <strong>That is {savings(saves)}.</strong>
            </li>
          ))}
        </ul>
      )}
      {events.length === 0 ? (
        <p className="empty">No event was counted yet.</p>
      ) : (
        <div className="scrolls" role="region" aria-label="Cost by event type" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Event type</th>
                <th scope="col">Events</th>
                <th scope="col">Deliveries</th>
                <th scope="col">Cost</th>
                <th scope="col">Share</th>
              </tr>
            </thead>
            <tbody>
              {events.map(({ type, events: count, deliveries, dollars: spent }) => (
                <tr key={type ?? ""} data-type={type ?? ""}>
                  <th scope="row">{type ?? "all others"}</th>
                  <td>{amount(count)}</td>
                  <td>{amount(deliveries)}</td>
                  <td>{dollars(spent)}</td>
                  <td>{percentage(cost.dollars ? spent / cost.dollars : 0)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
