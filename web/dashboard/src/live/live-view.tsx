// The view of what happens now: every chosen project, and what concerns all of them.
import { useRoom } from "@roomcast/client/react";
import type { ReactNode } from "react";
import { Agents } from "./agents.js";
import { workflows } from "./entities.js";
import { Project } from "./project.js";
import { RoomNotice } from "./room-notice.js";
import { Suggestions } from "./suggestions.js";
import { Workflows } from "./workflows.js";

/** Show these projects, then the agents and whatever else belongs to no project. */
export function LiveView({ projects }: { readonly projects: readonly string[] }): ReactNode {
  const everywhere = useRoom("global");
  return (
    <>
      {projects.length === 0 && <p className="empty">No project is chosen: type the id of one above.</p>}
      {projects.map((id) => (
        <Project key={id} id={id} />
      ))}
      <section className="project" aria-labelledby="everywhere">
        <header>
          <h2 id="everywhere">Across projects</h2>
        </header>
        <RoomNotice room={everywhere} />
        {everywhere.joined && (
          <div className="columns">
            <Agents state={everywhere.state} />
            {workflows(everywhere.state).length > 0 && <Workflows state={everywhere.state} />}
            <Suggestions state={everywhere.state} isOptional />
          </div>
        )}
      </section>
    </>
  );
}
