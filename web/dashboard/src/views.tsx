// The views and the links to them. Those for admins are loaded when they are opened: the first view stays small.
import { type ComponentType, type LazyExoticComponent, lazy, type ReactNode, Suspense } from "react";
import { fragmentOf, type ViewName } from "./session/link.js";

/** What a view for admins gets: the token for the HTTP API, and the projects that are chosen. */
export interface AdminViewProps {
  readonly token: string;
  readonly projects: readonly string[];
}

/** A view with its title in the navigation; `Page` is missing where the app shows it by itself. */
interface View {
  readonly title: string;
  readonly Page?: LazyExoticComponent<ComponentType<AdminViewProps>>;
}

/** Every view of session/link.ts; each `Page` is the default export of its module. */
const SHOWN: Record<ViewName, View> = {
  live: { title: "Live" },
  connections: { title: "Connections", Page: lazy(() => import("./connections/connections-view.js")) },
  console: { title: "Console", Page: lazy(() => import("./console/console-view.js")) },
};

interface NavigationProps {
  readonly view: ViewName;
  readonly projects: readonly string[];
}

/** Show a link to each view. They are links of the address: a bookmark, the back button, a new tab work. */
export function Navigation({ view, projects }: NavigationProps): ReactNode {
  return (
    <nav className="views" aria-label="Views">
      {(Object.keys(SHOWN) as ViewName[]).map((name) => (
        <a key={name} href={fragmentOf(name, projects) || "#"} aria-current={name === view ? "page" : undefined}>
          {SHOWN[name].title}
        </a>
      ))}
    </nav>
  );
}

/** Show a view for admins; null for the view that everybody sees. */
export function AdminView({ view, ...props }: AdminViewProps & { readonly view: ViewName }): ReactNode {
  const { Page } = SHOWN[view];
  return (
    Page && (
      <Suspense fallback={<p className="empty">Loading …</p>}>
        <Page {...props} />
      </Suspense>
    )
  );
}
