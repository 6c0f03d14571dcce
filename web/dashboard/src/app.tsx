// The app: signed in, with a client of its own, or the form that asks for a token.
import { createClient } from "@roomcast/client";
import { RoomcastProvider } from "@roomcast/client/react";
import { type ReactNode, useMemo, useState } from "react";
import { ConnectionBar } from "./connection-bar.js";
import { LiveView } from "./live/live-view.js";
import { ProjectChoice } from "./project-choice.js";
import { claimsOf } from "./session/claims.js";
import { addressOf } from "./session/link.js";
import { isServiceWell, tokenSource } from "./session/token-source.js";
import { SignIn } from "./sign-in.js";

interface AppProps {
  readonly token: string | null;
  readonly projects: readonly string[];
}

/** Show the site. The token is held here, in memory, and nowhere else. */
export function App({ token: given, projects }: AppProps): ReactNode {
  const [token, setToken] = useState(given);
  if (!token) return <SignIn onToken={setToken} />;
  return <SignedIn key={token} token={token} projects={projects} onSignOut={() => setToken(null)} />;
}

interface SignedInProps {
  readonly token: string;
  readonly projects: readonly string[];
  readonly onSignOut: () => void;
}

function SignedIn({ token, projects: given, onSignOut }: SignedInProps): ReactNode {
  const claims = useMemo(() => claimsOf(token), [token]);
  const [projects, setProjects] = useState(given.length ? given : (claims?.projects ?? []));
  const client = useMemo(() => {
    const url = `${location.protocol.replace("http", "ws")}//${location.host}/ws`;
    return createClient({ url, token: tokenSource(token, isServiceWell) });
  }, [token]);
  const show = (ids: readonly string[]): void => {
    setProjects(ids);
    history.replaceState(null, "", addressOf(location.pathname, ids));
  };
  return (
    <RoomcastProvider client={client}>
      <header className="top">
        <h1>Roomcast</h1>
        <ConnectionBar expires={claims?.expires ?? Infinity} />
        <div className="account">
          <span className="user" title={claims?.user}>
            {claims?.user}
          </span>
          <button type="button" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      <main>
        <ProjectChoice projects={projects} onChange={show} />
        <LiveView projects={projects} />
      </main>
    </RoomcastProvider>
  );
}
