// Lines over time, drawn as SVG, with the newest values in words and all of them as a table.
import { type ReactNode, useId } from "react";
import { clock } from "../words.js";
import type { Series } from "./history.js";
import { HEIGHT, pathOf, scaleOf, WIDTH } from "./scale.js";

interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** How a value is written: `12`, `0.4 a second`. */
  readonly written: (value: number) => string;
  /** What is said while there is no point yet. */
  readonly empty: string;
  readonly children?: ReactNode;
}

/** So many rows of the table are shown, the newest first. */
const ROWS = 60;

/** Show some series over time; what it means stands in `children`. */
export function Chart({ title, series, written, empty, children }: ChartProps): ReactNode {
  const heading = useId();
  const scale = scaleOf(series);
  return (
    <section className="chart card" aria-labelledby={heading}>
      <h3 id={heading}>{title}</h3>
      {children}
      {scale ? (
        <>
          <Legend series={series} written={written} />
          <figure aria-hidden="true">
            <span className="axis">{written(scale.top)}</span>
            <svg viewBox={`0 -4 ${WIDTH} ${HEIGHT + 8}`} preserveAspectRatio="none">
              <path className="grid" d={`M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`} />
              {series.map(({ name, points }, index) => (
                <path key={name} className={`line line-${index % 6}`} d={pathOf(points, scale)} />
              ))}
            </svg>
            <figcaption>
              <span>{clock(new Date(scale.from))}</span>
              <span>{clock(new Date(scale.to))}</span>
            </figcaption>
          </figure>
          <Table title={title} series={series} written={written} />
        </>
      ) : (
        <p className="empty">{empty}</p>
      )}
    </section>
  );
}

type Parts = Pick<ChartProps, "series" | "written">;

function Legend({ series, written }: Parts): ReactNode {
  return (
    <ul className="legend">
      {series.map(({ name, points }, index) => {
        const newest = points.findLast(({ value }) => value !== null)?.value ?? null;
        return (
          <li key={name}>
            <svg className="key" viewBox="0 0 24 6" aria-hidden="true">
              <path className={`line line-${index % 6}`} d="M0 3H24" />
            </svg>
            {name} <strong>{newest === null ? "–" : written(newest)}</strong>
          </li>
        );
      })}
    </ul>
  );
}

/** The same as a table; its cells are only there while it is open. */
function Table({ title, series, written }: Parts & { readonly title: string }): ReactNode {
  const times = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))].sort((a, b) => b - a);
  const values = series.map(({ points }) => new Map(points.map(({ at, value }) => [at, value])));
  const rows = times.filter((at) => values.some((of) => (of.get(at) ?? null) !== null)).slice(0, ROWS);
  return (
    <details>
      <summary>As a table</summary>
      <div className="scrolls" role="region" aria-label={`${title}, as a table`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {series.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((at) => (
              <tr key={at}>
                <th scope="row">{clock(new Date(at))}</th>
                {series.map(({ name }, index) => {
                  const value = values[index]?.get(at) ?? null;
                  return <td key={name}>{value === null ? "–" : written(value)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
