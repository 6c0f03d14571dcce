// Events that are too large for one message bring a link to their data: docs/PROTOCOL.md, Large data.
import type { Envelope } from "./events.js";

/** Milliseconds that a link may take; one that hangs must not hold the event, or a room's state, for ever. */
const ANSWER_WITHIN = 20_000;

/** Return the event with its data, and its `data_ref` only when the link does not answer. */
export async function fetchData(event: Envelope): Promise<Envelope> {
  const { data_ref: reference, ...rest } = event;
  if (!reference) return event;
  try {
    const answer = await fetch(reference.url, { signal: AbortSignal.timeout(ANSWER_WITHIN) });
    return answer.ok ? { ...rest, data: await answer.json() } : event;
  } catch {
    return event;
  }
}
