// The console: what administrators look into and do. Loaded when it is opened for the first time.
import { type ReactNode, useMemo, useState } from "react";
import { claimsOf } from "../session/claims.js";
import type { AdminViewProps } from "../views.js";
import { AccessPanel } from "./access/access-panel.js";
import "./console.css";
import { DeadLettersPanel } from "./dead-letters/dead-letters-panel.js";
import { keepDraftsOf, useDraft } from "./drafts.js";
import { ExplainPanel } from "./explain/explain-panel.js";
import { LinksPanel } from "./links/links-panel.js";
import { PublishPanel } from "./publish/publish-panel.js";
import { type Ask, asking } from "./service.js";
import { WatchPanel } from "./watch/watch-panel.js";

interface Panel {
  readonly title: string;
  readonly about: string;
  readonly show: (given: AdminViewProps & { readonly ask: Ask }) => ReactNode;
}

const PANELS: Readonly<Record<string, Panel>> = {
  watch: {
    title: "Watch",
    about: "What a room, or one user, gets: every frame as it passes.",
    show: ({ token, projects }) => <WatchPanel token={token} project={projects[0]} />,
  },
  publish: { title: "Publish", about: "One of the service's own events. Others are published by the backend that defines them.", show: ({ ask }) => <PublishPanel ask={ask} /> },
  access: { title: "Access", about: "Ends a user's access, now.", show: ({ ask }) => <AccessPanel ask={ask} /> },
  links: {
    title: "Links",
    about: "Which project a repository on GitHub belongs to, and which user a login.",
    show: ({ ask }) => <LinksPanel ask={ask} />,
  },
  "dead-letters": {
    title: "Dead letters",
    about: "What failed for good, and another try.",
    show: ({ ask }) => <DeadLettersPanel ask={ask} />,
  },
  explain: {
    title: "Explain",
    about: "Why a user did not get an event, as far as the service knows.",
    show: ({ ask }) => <ExplainPanel ask={ask} />,
  },
};

/** Show the console's panels, one at a time. One that was opened stays as it is behind the others. */
export default function ConsoleView({ token, projects }: AdminViewProps): ReactNode {
  useMemo(() => keepDraftsOf(claimsOf(token)?.user ?? ""), [token]);
  const ask = useMemo(() => asking(token), [token]);
  const [current, setCurrent] = useDraft("console", "watch");
  const [opened, setOpened] = useState<readonly string[]>([current]);
  const open = (name: string): void => {
    setCurrent(name);
    setOpened([...new Set([...opened, name])]);
  };
  return (
    <div className="console">
      <nav aria-label="Console">
        {Object.entries(PANELS).map(([name, { title }]) => (
          <button key={name} type="button" aria-current={name === current ? "page" : undefined} onClick={() => open(name)}>
            {title}
          </button>
        ))}
      </nav>
      {Object.entries(PANELS).map(
        ([name, { title, about, show }]) =>
          opened.includes(name) && (
            <section key={name} className="project" hidden={name !== current} aria-labelledby={`console-${name}`} id={`panel-${name}`}>
              <header>
                <h2 id={`console-${name}`}>{title}</h2>
                <p className="soft">{about}</p>
              </header>
              {show({ token, projects, ask })}
            </section>
          ),
      )}
    </div>
  );
}
