// What a token says of itself. Nothing is verified here: that is the service's part.

export interface Claims {
  readonly user: string;
  /** The ids in the claim `projects`; none where it opens all of them, or none. */
  readonly projects: readonly string[];
  /** Whether its claim `role` is `admin`. The service may take the role from another claim: it decides. */
  readonly isAdmin: boolean;
  /** Milliseconds since 1970; Infinity when the token does not say. */
  readonly expires: number;
}

/** Return the claims of a JWT; null for what is no JWT. */
export function claimsOf(token: string): Claims | null {
  try {
    const body = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
    const { sub, projects, role, exp } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof sub !== "string" || !sub) return null;
    return {
      user: sub,
      projects: Array.isArray(projects) ? projects.filter((id) => typeof id === "string" && !id.includes("*")) : [],
      isAdmin: role === "admin",
      expires: typeof exp === "number" ? exp * 1000 : Infinity,
    };
  } catch {
    return null;
  }
}
