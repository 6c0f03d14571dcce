// What a token says of itself. Nothing is verified here: that is the service's part.

interface Claims {
  readonly sub?: string;
  readonly tenant?: string;
  readonly exp?: number;
  readonly iat?: number;
}

/** Milliseconds between two tries to refresh a token. */
const AT_LEAST = 15_000;
/** A token is refreshed when a fifth of its life is left, at most these milliseconds before its end. */
const MOST_BEFORE_END = 120_000;

/** Return the claims of a JWT; none of what is no JWT. */
export function claimsOf(token: string | undefined): Claims {
  try {
    const body = (token ?? "").split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(body.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

/**
 * Return in how many milliseconds a token that came just now should be refreshed; Infinity when
 * nothing is known of its end. A device's clock can be wrong: the token's own length counts, too.
 */
export function refreshIn(token: string | undefined, now: number): number {
  const { exp, iat } = claimsOf(token);
  if (!exp) return Infinity;
  const left = Math.min(exp * 1000 - now, iat ? (exp - iat) * 1000 : Infinity);
  return Math.max(left - Math.min(left / 5, MOST_BEFORE_END), AT_LEAST);
}
