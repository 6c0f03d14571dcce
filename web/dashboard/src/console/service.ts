// The routes for admins: docs/PROTOCOL.md, chapter 9. What went wrong is a value that tells what to do.

/** Milliseconds after which no answer is expected any more: API Gateway gives up after 30 s. */
const PATIENCE = 31_000;

/** Why a request did not do what it should. `status` is that of HTTP; 0 when no answer came. */
export interface Failure {
  readonly ok: false;
  readonly status: number;
  /** What the service says; empty when it said nothing. */
  readonly message: string;
}

export type Outcome<Answer> = { readonly ok: true; readonly answer: Answer } | Failure;

/** Ask the service; `body` goes as JSON. Never rejects. */
export type Ask = <Answer>(method: string, path: string, body?: object) => Promise<Outcome<Answer>>;

/** Return what asks the page's own host, with this token and nothing else of the user. */
export function asking(token: string): Ask {
  return async (method, path, body) => {
    try {
      const answer = await fetch(path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body && { "Content-Type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE),
      });
      return outcomeOf(answer.status, await answer.text());
    } catch {
      return { ok: false, status: 0, message: "" };
    }
  };
}

/** Return the outcome that an answer is. */
export function outcomeOf<Answer>(status: number, text: string): Outcome<Answer> {
  const body = parsed(text);
  if (status >= 200 && status < 300 && (body !== undefined || !text)) return { ok: true, answer: body as Answer };
  const { message } = (body ?? {}) as { readonly message?: unknown };
  return { ok: false, status, message: typeof message === "string" ? message : "" };
}

/** Return what a failure means and what helps, in plain words. */
export function explained({ status, message }: Failure): string {
  const said = message ? ` (${message})` : "";
  if (status === 0) {
    return "No answer came: you are offline, or the service is not reached. Whether it was done is not known.";
  }
  if (status === 401) {
    return `The service does not take your token${said}. Sign in again with a fresh one: what you typed here stays.`;
  }
  if (status === 403) return `Your token may not do this${said}.`;
  if (isRouteMissing(status, message)) {
    return "This deployment does not have this route: the setting admin_api is off, or it is older than this page.";
  }
  if (status === 429) return `Too many requests at a time${said}. Try again in a moment.`;
  if (status >= 500) return `The service cannot do it now (${message || status}). Try again in a moment.`;
  if (status >= 200 && status < 300) return `Something that is not the service has answered (${status}).`;
  return message || `The service refuses this (${status}).`;
}

/** API Gateway says only "Not Found" of a route that it does not have; the service says what is not there. */
function isRouteMissing(status: number, message: string): boolean {
  return status === 405 || (status === 404 && /^(not found)?$/i.test(message));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
