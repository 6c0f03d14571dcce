// The routes for admins: answers that a test gives, and what was asked.
import { vi } from "vitest";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

/** Stands in for `fetch` until the test is over. */
export class AdminRoutes {
  readonly requests: Request[] = [];
  readonly #answers = new Map<string, () => Response | Promise<Response>>();

  constructor() {
    vi.stubGlobal("fetch", (path: string, { method = "GET", headers, body }: RequestInit = {}) => {
      const authorization = new Headers(headers).get("Authorization");
      this.requests.push({ method, path, authorization, body: body ? JSON.parse(String(body)) : undefined });
      const answer = this.#answers.get(`${method} ${path.split("?")[0]}`);
      // What API Gateway says of a route that it does not have.
      return Promise.resolve(answer?.() ?? new Response('{"message":"Not Found"}', { status: 404 }));
    });
  }

  /** Answer a route so from now on. */
  answer(route: string, status: number, body: object): void {
    this.#answers.set(route, () => new Response(JSON.stringify(body), { status }));
  }

  /** Let nothing answer, as without a network. */
  fail(route: string): void {
    this.#answers.set(route, () => Promise.reject(new TypeError("Failed to fetch")));
  }

  /** The last request of a method. */
  last(method: string): Request | undefined {
    return this.requests.findLast((each) => each.method === method);
  }
}
