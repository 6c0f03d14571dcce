// What Roomcast sends and takes. Written by `roomcast types`: do not change it by hand.

/** One event as clients receive it: docs/PROTOCOL.md, chapter 1. */
export interface Envelope<Type extends string = string, Data = Readonly<Record<string, unknown>>> {
  /** The same on every copy and every repeat of the event; it says nothing of order. */
  readonly id: string;
  readonly type: Type;
  /** RFC 3339 in UTC: when the publisher emitted it. */
  readonly timestamp: string;
  readonly source: string;
  /** The room through which this copy came. */
  readonly room: string;
  readonly data: Data;
  /** The position in the room; not in the two events for one connection. */
  readonly seq?: number;
  /** The process that published the event, and how many it had published by then. */
  readonly publisher?: string;
  readonly number?: number;
  /** Whose state this is, `workflow:7`: in the state of a room, where `data` is all that is known of it. */
  readonly entity?: string;
  /** Fields of it that are too large to be kept. */
  readonly left_out?: readonly string[];
  /** It comes as an event, and tells a state all the same. */
  readonly replayed?: boolean;
  /** Where the data is, when it is too large for one message: `data` is `{}` then. */
  readonly data_ref?: { readonly url: string; readonly size: number; readonly sha256: string; readonly expires_at: string };
}

/** The envelope of an event type; of an unknown one with `data` of unknown fields. */
export type EventOf<Type extends string> = Type extends keyof EventTypes ? Envelope<Type, EventTypes[Type]> : Envelope;

/** The names under which Socket.IO brings the two connection events. */
type SocketName<Type> = Type extends `connection.${infer Name}` ? `connection_${Name}` : Type;

/** Of socket.io-client: `Socket<ServerToClientEvents, ClientToServerEvents>`. */
export type ServerToClientEvents = {
  [Type in keyof EventTypes & string as SocketName<Type>]: (event: Envelope<Type, EventTypes[Type]>, offset?: string) => void;
};

/** The refusal of a command: docs/PROTOCOL.md, chapter 7. */
export interface RefusedReply {
  readonly status: "error";
  readonly code: string;
  readonly message: string;
  readonly room?: string;
  readonly retry_after_ms?: number;
}

interface RoomReply {
  readonly status: "success";
  readonly room: string;
  /** With `since`: whether nothing is missing, and how many events were sent again. */
  readonly recovered?: boolean;
  readonly replayed?: number;
  /** With `state: true`: the state of each entity, and where the next page begins. */
  readonly state?: readonly Envelope[];
  readonly next?: string;
  /** With `state: "replay"`: how many entities came as events. */
  readonly entities?: number;
  /** With `presence: true`: who is there. The list may be cut, the count is exact. */
  readonly presence?: { readonly users: readonly string[]; readonly count: number };
}

interface SubscribeBody {
  readonly room: string;
  readonly since?: string | number;
  readonly types?: readonly string[] | null;
  readonly state?: boolean | "replay";
  readonly presence?: boolean;
}

type Ack<Reply> = (reply: Reply | RefusedReply) => void;

/** The commands: docs/PROTOCOL.md, chapter 6. */
export interface ClientToServerEvents {
  subscribe(body: SubscribeBody, ack?: Ack<RoomReply>): void;
  state(body: { room: string; after?: string }, ack?: Ack<RoomReply>): void;
  unsubscribe(body: { room: string }, ack?: Ack<RoomReply>): void;
  authenticate(
    body: { token: string },
    ack?: Ack<{ readonly status: "success"; readonly user_id: string; readonly expires_at: string; readonly rooms: readonly string[] }>,
  ): void;
  ping(body: Readonly<Record<string, never>>, ack?: Ack<{ readonly status: "pong" }>): void;
  "debug:rooms"(
    body: Readonly<Record<string, never>>,
    ack?: Ack<{ readonly status: "success"; readonly rooms: readonly string[] }>,
  ): void;
}

/** `project.updated`: Settings or status of a project changed; `changes` lists them, `status` is free text. What a partial update does not give is None here and left out of the payload. */
export interface ProjectUpdated {
  readonly project_id: string;
  readonly project_name?: string | null;
  readonly repository_url?: string | null;
  readonly status?: string | null;
  readonly updated_by: string;
  readonly changes: Readonly<Record<string, unknown>>;
}

/** `project.deleted`: A project was deleted. */
export interface ProjectDeleted {
  readonly project_id: string;
  readonly deleted_by: string;
}

/** `agent.status_changed`: An agent's status or availability changed; `availability` is 0 to 100. */
export interface AgentStatusChanged {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly status: "online" | "offline" | "busy" | "idle" | "error";
  readonly availability: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** `agent.connected`: An agent became reachable. */
export interface AgentConnected {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** `agent.disconnected`: An agent is no longer reachable. */
export interface AgentDisconnected {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** `workflow.started`: A run started. */
export interface WorkflowStarted {
  readonly workflow_id: string;
  readonly status: "pending" | "running" | "completed" | "failed" | "cancelled";
  readonly total_steps: number;
  readonly project_id?: string | null;
}

/** `workflow.progress`: A run made progress; `progress` is 0 to 100, `estimated_time_remaining` is in seconds. */
export interface WorkflowProgress {
  readonly workflow_id: string;
  readonly status: "pending" | "running" | "completed" | "failed" | "cancelled";
  readonly total_steps: number;
  readonly project_id?: string | null;
  readonly progress: number;
  readonly current_step: number | string;
  readonly estimated_time_remaining?: number | null;
  readonly logs?: readonly string[] | null;
  readonly errors?: readonly string[] | null;
}

/** `workflow.completed`: A run succeeded. */
export interface WorkflowCompleted {
  readonly workflow_id: string;
  readonly status: "pending" | "running" | "completed" | "failed" | "cancelled";
  readonly total_steps: number;
  readonly project_id?: string | null;
  readonly progress: number;
  readonly logs?: readonly string[] | null;
  readonly errors?: readonly string[] | null;
}

/** `workflow.failed`: A run failed or was cancelled. */
export interface WorkflowFailed {
  readonly workflow_id: string;
  readonly status: "pending" | "running" | "completed" | "failed" | "cancelled";
  readonly total_steps: number;
  readonly project_id?: string | null;
  readonly progress: number;
  readonly logs?: readonly string[] | null;
  readonly errors?: readonly string[] | null;
}

/** `pr.created`: A pull request was opened. */
export interface PullRequestCreated {
  readonly pr_id: string;
  readonly project_id: string;
  readonly title: string;
  readonly status: "open" | "closed" | "merged" | "draft";
  readonly description?: string | null;
  readonly updated_at?: string | null;
  readonly author: string;
  readonly branch: string;
  readonly github_url: string;
  readonly created_at: string;
}

/** `pr.updated`: The commits, the text or the status of a pull request changed. */
export interface PullRequestUpdated {
  readonly pr_id: string;
  readonly project_id: string;
  readonly title: string;
  readonly status: "open" | "closed" | "merged" | "draft";
  readonly description?: string | null;
  readonly updated_at?: string | null;
  readonly author?: string | null;
  readonly branch?: string | null;
  readonly github_url?: string | null;
  readonly created_at?: string | null;
}

/** `pr.closed`: A pull request was merged (status `merged`) or closed without a merge (`closed`). */
export interface PullRequestClosed {
  readonly pr_id: string;
  readonly project_id: string;
  readonly title: string;
  readonly status: "open" | "closed" | "merged" | "draft";
  readonly description?: string | null;
  readonly updated_at?: string | null;
  readonly author?: string | null;
  readonly branch?: string | null;
  readonly github_url?: string | null;
  readonly created_at?: string | null;
}

/** `issue.created`: An issue was opened. */
export interface IssueCreated {
  readonly issue_id: string;
  readonly project_id: string;
  readonly title: string;
  readonly description?: string | null;
  readonly status: "open" | "in_progress" | "closed" | "blocked";
  readonly priority?: "low" | "medium" | "high" | "critical" | null;
  readonly assigned_to?: string | null;
  readonly updated_at: string;
}

/** `issue.updated`: The text, status, priority or assignee of an issue changed. */
export interface IssueUpdated {
  readonly issue_id: string;
  readonly project_id: string;
  readonly title: string;
  readonly description?: string | null;
  readonly status: "open" | "in_progress" | "closed" | "blocked";
  readonly priority?: "low" | "medium" | "high" | "critical" | null;
  readonly assigned_to?: string | null;
  readonly updated_at: string;
}

/** `issue.closed`: An issue was closed. */
export interface IssueClosed {
  readonly issue_id: string;
  readonly project_id: string;
  readonly title: string;
  readonly description?: string | null;
  readonly status: "open" | "in_progress" | "closed" | "blocked";
  readonly priority?: "low" | "medium" | "high" | "critical" | null;
  readonly assigned_to?: string | null;
  readonly updated_at: string;
}

/** `ai.suggestion`: A suggestion for an issue, a pull request or code; `confidence` is 0 to 1. */
export interface AiSuggestion {
  readonly target_type: "issue" | "pr" | "code";
  readonly target_id: string;
  readonly project_id?: string | null;
  readonly suggestion_id: string;
  readonly category: "optimization" | "refactor" | "bug_fix" | "security" | "performance" | "maintainability";
  readonly title: string;
  readonly description: string;
  readonly severity: "info" | "warning" | "critical";
  readonly confidence: number;
  readonly suggested_action?: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** `ai.analysis_complete`: An analysis ended with `suggestion_count` suggestions. */
export interface AiAnalysisComplete {
  readonly target_type: "issue" | "pr" | "code";
  readonly target_id: string;
  readonly project_id?: string | null;
  readonly analysis_id: string;
  readonly summary?: string | null;
  readonly suggestion_count: number;
}

/** `connection.established`: The connection is authenticated and receives events from now on. `next` is there only where the state of its rooms is told with it, and more of it is left than one answer posts: for each such room, after which key. */
export interface ConnectionEstablished {
  readonly connection_id: string;
  readonly user_id: string;
  readonly protocol_version: string;
  readonly next?: Readonly<Record<string, string>> | null;
}

/** `connection.error`: The connection is refused or will be closed; docs/PROTOCOL.md lists the error codes. */
export interface ConnectionErrored {
  readonly error_code: string;
  readonly error_message: string;
  readonly connection_id?: string | null;
}

/** `presence.joined`: Users have come into a room, each with the first of the user's connections. */
export interface PresenceJoined {
  readonly user_ids: readonly string[];
  readonly count: number;
}

/** `presence.left`: Users have left a room with all connections, and did not come back in time. */
export interface PresenceLeft {
  readonly user_ids: readonly string[];
  readonly count: number;
}

/** The `data` of each event, by its type. */
export interface EventTypes {
  "project.updated": ProjectUpdated;
  "project.deleted": ProjectDeleted;
  "agent.status_changed": AgentStatusChanged;
  "agent.connected": AgentConnected;
  "agent.disconnected": AgentDisconnected;
  "workflow.started": WorkflowStarted;
  "workflow.progress": WorkflowProgress;
  "workflow.completed": WorkflowCompleted;
  "workflow.failed": WorkflowFailed;
  "pr.created": PullRequestCreated;
  "pr.updated": PullRequestUpdated;
  "pr.closed": PullRequestClosed;
  "issue.created": IssueCreated;
  "issue.updated": IssueUpdated;
  "issue.closed": IssueClosed;
  "ai.suggestion": AiSuggestion;
  "ai.analysis_complete": AiAnalysisComplete;
  "connection.established": ConnectionEstablished;
  "connection.error": ConnectionErrored;
  "presence.joined": PresenceJoined;
  "presence.left": PresenceLeft;
}
