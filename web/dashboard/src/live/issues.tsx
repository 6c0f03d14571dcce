// The issues of a project.
import type { Envelope } from "@roomcast/client";
import type { ReactNode } from "react";
import { words } from "../words.js";
import { issues } from "./entities.js";
import { Panel } from "./panel.js";

const TONES: Readonly<Record<string, string>> = { blocked: "bad", closed: "off" };

/** Show the issues of a room's state. */
export function Issues({ state }: { readonly state: Readonly<Record<string, Envelope>> }): ReactNode {
  return (
    <Panel title="Issues" empty="No issue.">
      {issues(state).map(({ key, data }) => (
        <li key={key} data-entity={key}>
          <div className="line">
            <span className="name">{data.title}</span>
            <span className={`tag ${TONES[data.status ?? ""] ?? ""}`}>{words(data.status ?? "")}</span>
          </div>
          <div className="soft">
            {[data.priority && `${data.priority} priority`, data.assigned_to && `assigned to ${data.assigned_to}`]
              .filter(Boolean)
              .join(" · ")}
          </div>
        </li>
      ))}
    </Panel>
  );
}
