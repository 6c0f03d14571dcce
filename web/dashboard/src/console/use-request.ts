// One request at a time, and what became of the last one.
import { useCallback, useRef, useState } from "react";
import type { Outcome } from "./service.js";

export interface UsedRequest<Answer> {
  readonly isBusy: boolean;
  /** null: nothing was asked yet, or the outcome was dismissed. */
  readonly outcome: Outcome<Answer> | null;
  /** Ask; the outcome of an earlier call that is still on its way is left. */
  run(request: () => Promise<Outcome<Answer>>): Promise<Outcome<Answer>>;
  dismiss(): void;
}

/** Keep the outcome of the last request that was run. */
export function useRequest<Answer>(): UsedRequest<Answer> {
  const turn = useRef(0);
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome<Answer> | null>(null);
  const run = useCallback(async (request: () => Promise<Outcome<Answer>>) => {
    const mine = ++turn.current;
    setBusy(true);
    const came = await request();
    if (mine === turn.current) {
      setOutcome(came);
      setBusy(false);
    }
    return came;
  }, []);
  const dismiss = useCallback(() => setOutcome(null), []);
  return { isBusy, outcome, run, dismiss };
}
