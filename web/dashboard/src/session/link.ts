// The address of the page: `#token=…&view=connections&project=atlas&project=zeus`. The token stays there for no
// longer than it takes to read it; the view and the projects stay, so that a bookmark or a reload has them.

/** The views by their names in the address; without a name, or with another one, it is the first. */
export const VIEWS = ["live", "connections", "console"] as const;

export type ViewName = (typeof VIEWS)[number];

/** What a link says. */
export interface PageLink {
  readonly token: string | null;
  readonly view: ViewName;
  readonly projects: readonly string[];
}

/** An id of a project: docs/PROTOCOL.md, chapter 2. */
const PROJECT_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Return what the fragment of an address says; ids that name no project are left out. */
export function readLink(fragment: string): PageLink {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  return {
    token: given.get("token") || null,
    view: VIEWS.find((name) => name === given.get("view")) ?? VIEWS[0],
    projects: idsIn(given.getAll("project").join(" ")),
  };
}

/** Return the fragment of a view with these projects, without a token; "" for the first view without projects. */
export function fragmentOf(view: ViewName, projects: readonly string[]): string {
  const chosen = view === VIEWS[0] ? [] : [["view", view]];
  const fragment = new URLSearchParams([...chosen, ...projects.map((id) => ["project", id])]).toString();
  return fragment && `#${fragment}`;
}

/** Return the address of the page, without a token. */
export function addressOf(path: string, projects: readonly string[], view: ViewName = VIEWS[0]): string {
  return path + fragmentOf(view, projects);
}

/** Return the project ids in a text, each once, separated by spaces or commas; `project:` is dropped. */
export function idsIn(text: string): string[] {
  const ids = text.split(/[\s,]+/).map((id) => id.replace(/^project:/, ""));
  return [...new Set(ids.filter((id) => PROJECT_ID.test(id)))];
}
