// The app: signed in, with a client of its own, or the form that asks for a token.
import { createClient } from "@roomcast/client";
import { RoomcastProvider } from "@roomcast/client/react";
import { type ReactNode, useMemo } from "react";
import { ConnectionBar } from "./connection-bar.js";
import { LiveView } from "./live/live-view.js";
import { ProjectChoice } from "./project-choice.js";
import { type Address, useAddress } from "./session/address.js";
import { claimsOf } from "./session/claims.js";
import type { PageLink } from "./session/link.js";
import { isServiceWell, tokenSource } from "./session/token-source.js";
import { SignIn } from "./sign-in.js";
import { AdminView, Navigation } from "./views.js";

/** Show the site, as the link that opened it says. The token is held here, in memory, and nowhere else. */
export function App({ link }: { readonly link: PageLink }): ReactNode {
  const address = useAddress(link);
  if (!address.token) return <SignIn onToken={address.setToken} />;
  return <SignedIn key={address.token} token={address.token} address={address} />;
}

interface SignedInProps {
  readonly token: string;
  readonly address: Address;
}

function SignedIn({ token, address }: SignedInProps): ReactNode {
  const claims = useMemo(() => claimsOf(token), [token]);
  const { view } = address;
  const projects = address.projects ?? claims?.projects ?? [];
  const client = useMemo(() => {
    const url = `${location.protocol.replace("http", "ws")}//${location.host}/ws`;
    return createClient({ url, token: tokenSource(token, isServiceWell) });
  }, [token]);
  return (
    <RoomcastProvider client={client}>
      <header className="top">
        <h1>Roomcast</h1>
        {(claims?.isAdmin || view !== "live") && <Navigation view={view} projects={projects} />}
        <ConnectionBar expires={claims?.expires ?? Infinity} />
        <div className="account">
          <span className="user" title={claims?.user}>
            {claims?.user}
          </span>
          <button type="button" onClick={() => address.setToken(null)}>
            Sign out
          </button>
        </div>
      </header>
      <main>
        {view === "live" ? (
          <>
            <ProjectChoice projects={projects} onChange={address.setProjects} />
            <LiveView projects={projects} />
          </>
        ) : (
          <AdminView view={view} token={token} projects={projects} />
        )}
      </main>
    </RoomcastProvider>
  );
}
