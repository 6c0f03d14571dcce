// What the AI suggests: how severe it is, and how sure the AI is of it.
import type { Envelope } from "@roomcast/client";
import type { ReactNode } from "react";
import { percentage, words } from "../words.js";
import { suggestions } from "./entities.js";
import { Panel } from "./panel.js";

const TONES: Readonly<Record<string, string>> = { critical: "bad", warning: "warn" };

interface SuggestionsProps {
  readonly state: Readonly<Record<string, Envelope>>;
  /** Show nothing at all when there are none. */
  readonly isOptional?: boolean;
}

/** Show the AI's suggestions of a room's state. */
export function Suggestions({ state, isOptional = false }: SuggestionsProps): ReactNode {
  const all = suggestions(state);
  if (isOptional && all.length === 0) return null;
  return (
    <Panel title="AI suggestions" empty="No suggestion.">
      {all.map(({ key, data }) => (
        <li key={key} data-entity={key}>
          <div className="line">
            <span className="name">{data.title}</span>
            <span className={`tag ${TONES[data.severity ?? ""] ?? ""}`}>{data.severity}</span>
          </div>
          <p>{data.description}</p>
          {data.suggested_action && <p>Suggested: {data.suggested_action}</p>}
          <div className="soft">
            {words(data.category ?? "")}
            {data.confidence !== undefined && ` · ${percentage(data.confidence)} confident`}
          </div>
        </li>
      ))}
    </Panel>
  );
}
