// The address bar: which view and which projects are shown, and how they change.
import { useEffect, useState } from "react";
import { addressOf, type PageLink, readLink, type ViewName } from "./link.js";

/** Return what the address says, and take the token out of it. */
export function takeLink(): PageLink {
  const link = readLink(location.hash);
  if (link.token) history.replaceState(null, "", addressOf(location.pathname, link.projects, link.view));
  return link;
}

/** What the page shows, for whom, and how to show other projects. */
export interface Address {
  readonly token: string | null;
  readonly view: ViewName;
  /** Null until a link or the user names some. */
  readonly projects: readonly string[] | null;
  setToken(token: string | null): void;
  setProjects(projects: readonly string[]): void;
}

/** Follow the address: a link, the back button, a bookmark. Without projects it leaves those that are shown. */
export function useAddress(first: PageLink): Address {
  const [token, setToken] = useState(first.token);
  const [view, setView] = useState(first.view);
  const [projects, setProjects] = useState(first.projects.length ? first.projects : null);
  useEffect(() => {
    const changed = (): void => {
      const link = takeLink();
      setView(link.view);
      if (link.token) setToken(link.token);
      if (link.projects.length) setProjects(link.projects);
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return {
    token,
    view,
    projects,
    setToken,
    setProjects(ids) {
      setProjects(ids);
      history.replaceState(null, "", addressOf(location.pathname, ids, view));
    },
  };
}
