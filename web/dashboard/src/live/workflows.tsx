// The workflows of a room: how far each one is, and what it says.
import type { Envelope, EventTypes } from "@roomcast/client";
import { type ReactNode, useId } from "react";
import { timeLeft, words } from "../words.js";
import { type Entity, workflows } from "./entities.js";
import { Panel } from "./panel.js";

const LOG_LINES = 4;

/** Show the workflows of a room's state. */
export function Workflows({ state }: { readonly state: Readonly<Record<string, Envelope>> }): ReactNode {
  return (
    <Panel title="Workflows" empty="No workflow runs.">
      {workflows(state).map((each) => (
        <Workflow key={each.key} workflow={each} />
      ))}
    </Panel>
  );
}

function Workflow({ workflow }: { readonly workflow: Entity<EventTypes["workflow.progress"]> }): ReactNode {
  const { data, key } = workflow;
  const { status = "pending", progress = 0, current_step: step, total_steps: steps, estimated_time_remaining: left } = data;
  const lines = [...(data.logs ?? []), ...(data.errors ?? [])].slice(-LOG_LINES);
  const name = data.workflow_id ?? key;
  const label = useId();
  return (
    <li className={`workflow ${status}`} data-entity={key}>
      <div className="line">
        <span className="name" id={label}>
          {name}
        </span>
        <span className={`tag ${tone(status)}`}>{words(status)}</span>
      </div>
      <progress max={100} value={progress} aria-labelledby={label} />
      <div className="line soft">
        <span>
          {Math.round(progress)} %{step !== undefined && ` · ${step}`}
          {typeof step === "number" && steps !== undefined && ` of ${steps}`}
        </span>
        {left != null && <span>{timeLeft(left)}</span>}
      </div>
      {lines.length > 0 && <pre>{lines.join("\n")}</pre>}
    </li>
  );
}

function tone(status: string): string {
  if (status === "completed") return "good";
  return status === "failed" || status === "cancelled" ? "bad" : "";
}
