// Tokens as the application fetches them. Nobody verifies them here.

/** Return a JWT of a user that ends in so many seconds. */
export function token(sub = "ada", seconds = 3600): string {
  const now = Math.floor(Date.now() / 1000);
  return `e30.${btoa(JSON.stringify({ sub, iat: now, exp: now + seconds })).replace(/=+$/, "")}.c2ln`;
}
