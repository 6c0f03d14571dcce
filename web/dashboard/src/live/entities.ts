// What a room's state says, by kind, in the order in which it is shown.
import type { Envelope, EventTypes } from "@roomcast/client";

/** An entity: its key in the state, what is known of it, and the time of its newest event. */
export interface Entity<Data> {
  readonly key: string;
  readonly data: Partial<Data>;
  readonly timestamp: string;
}

type State = Readonly<Record<string, Envelope>>;
type Workflow = EventTypes["workflow.progress"];

/** Workflows that are at an end stay for a while: this many of them. */
const ENDED = 4;
const RUNNING = ["running", "pending"];
const SEVERITIES = ["critical", "warning", "info"];
const OPEN_REQUESTS = ["open", "draft"];

/** Return the entities of a kind, the newest first. */
function ofKind<Data>(state: State, kind: string): Entity<Data>[] {
  const prefix = `${kind}:`;
  return Object.entries(state)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, { data, timestamp }]) => ({ key, data: data as Partial<Data>, timestamp }))
    .sort((one, other) => other.timestamp.localeCompare(one.timestamp));
}

/** Return all workflows that run, in a lasting order, and the last of those that ended. */
export function workflows(state: State): Entity<Workflow>[] {
  const all = ofKind<Workflow>(state, "workflow");
  const isRunning = (each: Entity<Workflow>): boolean => RUNNING.includes(each.data.status ?? "");
  const running = all.filter(isRunning).sort((one, other) => one.key.localeCompare(other.key));
  return [...running, ...all.filter((each) => !isRunning(each)).slice(0, ENDED)];
}

/** Return the agents by name. */
export function agents(state: State): Entity<EventTypes["agent.status_changed"]>[] {
  const name = ({ data, key }: Entity<EventTypes["agent.status_changed"]>): string => data.agent_name ?? key;
  return ofKind<EventTypes["agent.status_changed"]>(state, "agent").sort((one, other) =>
    name(one).localeCompare(name(other)),
  );
}

/** Return the pull requests, open ones first. */
export function pullRequests(state: State): Entity<EventTypes["pr.created"]>[] {
  const rank = ({ data }: Entity<EventTypes["pr.created"]>): number => Number(!OPEN_REQUESTS.includes(data.status ?? ""));
  return ofKind<EventTypes["pr.created"]>(state, "pr").sort((one, other) => rank(one) - rank(other));
}

/** Return the issues, those that are not closed first. */
export function issues(state: State): Entity<EventTypes["issue.updated"]>[] {
  const rank = ({ data }: Entity<EventTypes["issue.updated"]>): number => Number(data.status === "closed");
  return ofKind<EventTypes["issue.updated"]>(state, "issue").sort((one, other) => rank(one) - rank(other));
}

/** Return the suggestions of the AI, the most severe first. */
export function suggestions(state: State): Entity<EventTypes["ai.suggestion"]>[] {
  const rank = ({ data }: Entity<EventTypes["ai.suggestion"]>): number => SEVERITIES.indexOf(data.severity ?? "info");
  return ofKind<EventTypes["ai.suggestion"]>(state, "suggestion").sort((one, other) => rank(one) - rank(other));
}

/** Return what is known of the project itself. */
export function project(state: State, id: string): Partial<EventTypes["project.updated"]> & { readonly isDeleted: boolean } {
  const known = state[`project:${id}`];
  return { ...(known?.data as Partial<EventTypes["project.updated"]>), isDeleted: known?.type === "project.deleted" };
}
