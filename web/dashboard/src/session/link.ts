// The address of the page: `#token=…&project=atlas&project=zeus`. The token stays there for no longer than
// it takes to read it; the projects stay, so that a bookmark or a reload has them.

/** What a link says. */
export interface PageLink {
  readonly token: string | null;
  readonly projects: readonly string[];
}

/** An id of a project: docs/PROTOCOL.md, chapter 2. */
const PROJECT_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Return what the fragment of an address says; ids that name no project are left out. */
export function readLink(fragment: string): PageLink {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  return { token: given.get("token") || null, projects: idsIn(given.getAll("project").join(" ")) };
}

/** Return the address of the page with these projects, without a token. */
export function addressOf(path: string, projects: readonly string[]): string {
  const fragment = new URLSearchParams(projects.map((id) => ["project", id])).toString();
  return fragment ? `${path}#${fragment}` : path;
}

/** Return the project ids in a text, each once, separated by spaces or commas; `project:` is dropped. */
export function idsIn(text: string): string[] {
  const ids = text.split(/[\s,]+/).map((id) => id.replace(/^project:/, ""));
  return [...new Set(ids.filter((id) => PROJECT_ID.test(id)))];
}
