// The latencies of the events that this page gets while the view is open.
import { useClient, useEvent } from "@roomcast/client/react";
import { useEffect, useState } from "react";
import { kept, type Latency, latencyOf } from "./latency.js";

/** Be in the rooms of these projects, beside `global`, and measure what comes. */
export function useLatencies(projects: readonly string[]): readonly Latency[] {
  const client = useClient();
  const [latencies, setLatencies] = useState<readonly Latency[]>([]);
  const rooms = projects.join(" ");
  useEffect(() => {
    const names = ["global", ...rooms.split(" ").filter(Boolean).map((id) => `project:${id}`)];
    const handles = names.map((name) => client.room(name, { state: false }));
    return () => {
      for (const handle of handles) handle.leave();
    };
  }, [client, rooms]);
  useEvent("*", (event) => {
    const latency = event.type.startsWith("connection.") ? null : latencyOf(event, Date.now());
    if (latency) setLatencies((before) => kept(before, latency));
  });
  return latencies;
}
