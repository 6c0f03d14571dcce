// The agents: what each one is doing, and how much of it is free.
import type { Envelope } from "@roomcast/client";
import type { ReactNode } from "react";
import { agents } from "./entities.js";
import { Panel } from "./panel.js";

const TONES = { online: "good", idle: "good", busy: "", offline: "off", error: "bad" };

/** Show the agents of a room's state. */
export function Agents({ state }: { readonly state: Readonly<Record<string, Envelope>> }): ReactNode {
  return (
    <Panel title="Agents" empty="No agent has told its status.">
      {agents(state).map(({ key, data }) => {
        const status = data.status ?? "online";
        return (
          <li key={key} className="agent" data-entity={key}>
            <div className="line">
              <span className="name">{data.agent_name ?? key}</span>
              <span className={`tag ${TONES[status]}`}>{status}</span>
            </div>
            {data.availability !== undefined && (
              <div className="line soft">
                <meter
                  min={0}
                  max={100}
                  value={data.availability}
                  aria-label={`Availability of ${data.agent_name ?? key}`}
                />
                <span>{Math.round(data.availability)} % available</span>
              </div>
            )}
          </li>
        );
      })}
    </Panel>
  );
}
