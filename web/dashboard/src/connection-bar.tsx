// The state of the connection, always in sight, and what it means for what is shown.
import { useClient, useConnection, useEvent } from "@roomcast/client/react";
import { type ReactNode, useEffect, useState } from "react";
import { clock } from "./words.js";

const TEXTS = {
  idle: "Not connected",
  connecting: "Connecting …",
  open: "Live",
  reconnecting: "Connection lost, reconnecting … What is shown may be old.",
  closed: "Closed",
} as const;

/** Show the connection's status. `expires` is the end of the token, in milliseconds since 1970. */
export function ConnectionBar({ expires }: { readonly expires: number }): ReactNode {
  const client = useClient();
  const { status, error } = useConnection();
  const since = useReturn(status);
  const [connection, setConnection] = useState("");
  useEvent("connection.established", ({ data }) => setConnection(data.connection_id));
  const isExpired = status !== "open" && expires < Date.now();
  return (
    <div className={`connection ${status}`} role="status" id="connection" data-connection={connection}>
      <span className="dot" aria-hidden="true" />
      <span>
        {status === "open" && since ? `Live again since ${since}` : TEXTS[status]}
        {isExpired && ": the token has expired"}
        {!isExpired && error && `: ${reason(error)}`}
      </span>
      {status === "closed" && (
        <button type="button" onClick={() => client.connect()}>
          Connect again
        </button>
      )}
    </div>
  );
}

/** Return when the connection came back, as a time of day; null while it was never lost. */
function useReturn(status: string): string | null {
  const [wasLost, setLost] = useState(false);
  const [since, setSince] = useState<string | null>(null);
  useEffect(() => {
    if (status === "reconnecting") setLost(true);
    if (status === "open" && wasLost) {
      setLost(false);
      setSince(clock(new Date()));
    }
  }, [status, wasLost]);
  return since;
}

function reason({ code, message }: { readonly code: string; readonly message: string }): string {
  return code === "AUTH_MISSING" ? "the service does not take this token" : `${message} (${code})`;
}
