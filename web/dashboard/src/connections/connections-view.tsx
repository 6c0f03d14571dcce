// The view of the service itself: who is connected, what is delivered, how fast, and what it costs.
import type { ReactNode } from "react";
import type { AdminViewProps } from "../views.js";
import { clock } from "../words.js";
import { amount, duration, rate } from "./amounts.js";
import { Chart } from "./chart.js";
import "./connections.css";
import { Cost } from "./cost.js";
import { Deliveries } from "./deliveries.js";
import { EVERY, kindsOf, levels, type Point, rates } from "./history.js";
import { type Latency, medians, summary } from "./latency.js";
import { type Polled, useStatistics } from "./polling.js";
import { Now } from "./now.js";
import { delivered, failedAttempts, type Problem } from "./statistics.js";
import { useLatencies } from "./use-latencies.js";

const PROBLEMS: Record<Problem, string> = {
  "not-admin": "Your token does not open this view: its role is not admin.",
  "bad-token": "The service does not take this token any more.",
  unreachable: "The service does not answer: what is shown is old. It is asked again every five seconds.",
};

const NO_RATE = "A rate needs two readings: the next one comes within five seconds.";

/** Show what the service's statistics say, and how they have changed since this was opened. */
export default function ConnectionsView({ token, projects }: AdminViewProps): ReactNode {
  const polled = useStatistics(token);
  const latencies = useLatencies(projects);
  const { readings, problem } = polled;
  const newest = readings.at(-1);
  return (
    <section className={problem ? "connections-view is-old" : "connections-view"} aria-labelledby="connections">
      <header>
        <h2 id="connections">Connections</h2>
        <p className="soft" id="since">
          {readings[0] && newest
            ? `Read every 5 s since ${clock(new Date(readings[0].at))}, last at ${clock(new Date(newest.at))}; ` +
              "not while this page is hidden. The service keeps no history."
            : !problem && "Reading the statistics …"}
        </p>
      </header>
      <p className="problem" role="alert">
        {problem && PROBLEMS[problem]}
      </p>
      {newest && <Now reading={newest} polled={polled} />}
      {newest && <Charts polled={polled} latencies={latencies} projects={projects} />}
      {newest && <Cost statistics={newest.statistics} />}
    </section>
  );
}

interface ChartsProps {
  readonly polled: Polled;
  readonly latencies: readonly Latency[];
  readonly projects: readonly string[];
}

function Charts({ polled: { readings }, latencies, projects }: ChartsProps): ReactNode {
  const known = summary(latencies);
  const took: Point[] = medians(latencies, EVERY);
  const newest = readings.at(-1);
  return (
    <div className="charts">
      <Chart
        title="Open connections"
        series={[levels("connections", readings, (from) => from.connections)]}
        written={amount}
        empty=""
      />
      <Chart
        title="Members by kind of room"
        series={kindsOf(readings).map((kind) => levels(kind, readings, ({ rooms }) => rooms[kind] ?? 0))}
        written={amount}
        empty=""
      />
      <Chart
        title="Events"
        series={[rates("events", readings, (from) => from.events_emitted)]}
        written={rate}
        empty={NO_RATE}
      />
      <Chart
        title="Deliveries"
        series={[rates("delivered", readings, delivered), rates("failed attempts", readings, failedAttempts)]}
        written={rate}
        empty={NO_RATE}
      />
      {newest && <Deliveries statistics={newest.statistics} />}
      <Chart
        title="Latency, publish to this page"
        series={[{ name: "median of 5 s", points: took }]}
        written={duration}
        empty="No event has come to this page since it was opened."
      >
        <p className="soft" id="latency">
          {known &&
            `${amount(known.count)} events: median ${duration(known.median)}, 95 % within ${duration(known.high)}, ` +
              `longest ${duration(known.longest)}. `}
          Measured here, from the time in each event to its arrival, in global
          {projects.length > 0 && ` and ${projects.join(", ")}`}: as right as the publisher’s clock and this one.
        </p>
      </Chart>
    </div>
  );
}
