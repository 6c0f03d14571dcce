// One project: its name and status, and everything that its room tells.
import { useRoom } from "@roomcast/client/react";
import { type ReactNode, useId } from "react";
import { webAddress } from "../words.js";
import { project } from "./entities.js";
import { Issues } from "./issues.js";
import { PullRequests } from "./pull-requests.js";
import { isJoining, RoomNotice } from "./room-notice.js";
import { Suggestions } from "./suggestions.js";
import { Workflows } from "./workflows.js";

/** Show the project with this id; where its room is refused, why. */
export function Project({ id }: { readonly id: string }): ReactNode {
  const room = useRoom(`project:${id}`);
  const heading = useId();
  const { project_name: name, status, repository_url: repository, isDeleted } = project(room.state, id);
  const address = webAddress(repository);
  return (
    <section className={`project ${isJoining(room) ? "joining" : ""} ${room.connection === "open" ? "" : "stale"}`} aria-labelledby={heading} id={`project-${id}`}>
      <header>
        <h2 id={heading}>{name || `Project ${id}`}</h2>
        {isDeleted ? <span className="tag bad">deleted</span> : status && <span className="tag">{status}</span>}
        {address && (
          <a href={address} rel="noreferrer" target="_blank">
            Repository
          </a>
        )}
      </header>
      <RoomNotice room={room} />
      {room.joined && !room.error && (
        <div className="columns">
          <Workflows state={room.state} />
          <PullRequests state={room.state} />
          <Issues state={room.state} />
          <Suggestions state={room.state} />
        </div>
      )}
    </section>
  );
}
