// Reads the statistics again and again while the view is open and the page is seen.
import { useEffect, useState } from "react";
import { added, EVERY, type Reading } from "./history.js";
import { askStatistics, type Problem } from "./statistics.js";

/** What was read so far, and why the newest attempt brought nothing; null where it did. */
export interface Polled {
  readonly readings: readonly Reading[];
  readonly problem: Problem | null;
  /** Attempts that failed since the view was opened. */
  readonly failures: number;
}

const NOTHING: Polled = { readings: [], problem: null, failures: 0 };

/** Ask every five seconds; not while the page is hidden, and no more once the token is refused. */
export function useStatistics(token: string): Polled {
  const [polled, setPolled] = useState(NOTHING);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    let isRefused = false;
    const ask = async (): Promise<void> => {
      if (isAsking || isRefused || document.hidden) return;
      isAsking = true;
      const began = Date.now();
      const answer = await askStatistics(token, ended.signal);
      isAsking = false;
      if (ended.signal.aborted) return;
      setPolled((before) => after(before, answer, Date.now()));
      isRefused = "problem" in answer && answer.problem !== "unreachable";
      if (!isRefused) timer = setTimeout(ask, Math.max(0, began + EVERY - Date.now()));
    };
    const seen = (): void => {
      clearTimeout(timer);
      void ask();
    };
    void ask();
    document.addEventListener("visibilitychange", seen);
    addEventListener("online", seen);
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("online", seen);
    };
  }, [token]);
  return polled;
}

/** Return what is known after an answer that came at `at`. */
export function after(before: Polled, answer: Awaited<ReturnType<typeof askStatistics>>, at: number): Polled {
  if ("problem" in answer) return { ...before, problem: answer.problem, failures: before.failures + 1 };
  const readings = added(before.readings, { at, statistics: answer.statistics });
  return { ...before, readings, problem: null };
}
