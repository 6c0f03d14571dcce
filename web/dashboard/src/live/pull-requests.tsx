// The pull requests of a project.
import type { Envelope } from "@roomcast/client";
import type { ReactNode } from "react";
import { webAddress } from "../words.js";
import { pullRequests } from "./entities.js";
import { Panel } from "./panel.js";

const TONES: Readonly<Record<string, string>> = { open: "good", merged: "good", closed: "off", draft: "off" };

/** Show the pull requests of a room's state. */
export function PullRequests({ state }: { readonly state: Readonly<Record<string, Envelope>> }): ReactNode {
  return (
    <Panel title="Pull requests" empty="No pull request.">
      {pullRequests(state).map(({ key, data }) => {
        const address = webAddress(data.github_url);
        return (
          <li key={key} data-entity={key}>
            <div className="line">
              {address ? (
                <a className="name" href={address} rel="noreferrer" target="_blank">
                  {data.title}
                </a>
              ) : (
                <span className="name">{data.title}</span>
              )}
              <span className={`tag ${TONES[data.status ?? ""] ?? ""}`}>{data.status}</span>
            </div>
            <div className="soft">{[data.author, data.branch].filter(Boolean).join(" · ")}</div>
          </li>
        );
      })}
    </Panel>
  );
}
