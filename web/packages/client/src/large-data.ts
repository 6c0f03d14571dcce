// Events that are too large for one message bring a link to their data: docs/PROTOCOL.md, Large data.
import type { Envelope } from "./events.js";

/** Return the event with its data; without it, and with its `data_ref`, when the link does not answer. */
export async function fetchData(event: Envelope): Promise<Envelope> {
  try {
    const answer = await fetch(event.data_ref?.url ?? "");
    if (!answer.ok) return event;
    return { ...event, data: await answer.json() };
  } catch {
    return event;
  }
}
