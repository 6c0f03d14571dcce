// The token for each connection, until the service has refused it.

/** After so many connections in a row that did not open, the service is asked whether it is well. */
const REFUSALS = 2;

/**
 * Return the token for a client; null ends its attempts. A browser does not tell why a handshake
 * failed: when the service is well and takes no connection, it is the token that it does not take.
 */
export function tokenSource(
  token: string,
  isServiceWell: () => Promise<boolean>,
): (refused: boolean) => Promise<string | null> {
  let refusals = 0;
  return async (refused) => {
    refusals = refused ? refusals + 1 : 0;
    return refusals >= REFUSALS && (await isServiceWell()) ? null : token;
  };
}

/** Ask the service whether it is well. */
export async function isServiceWell(): Promise<boolean> {
  try {
    return (await fetch("/health")).ok;
  } catch {
    return false;
  }
}
