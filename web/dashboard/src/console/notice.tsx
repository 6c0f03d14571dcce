// What became of a request, in words that a screen reader says by itself.
import type { ReactNode } from "react";
import { explained, type Outcome } from "./service.js";

interface NoticeProps {
  readonly outcome: Outcome<unknown> | null;
  /** What is said of a success; nothing without it. */
  readonly done?: ReactNode;
}

/** Tell the outcome of a request. */
export function Notice({ outcome, done }: NoticeProps): ReactNode {
  return (
    <>
      <p className="problem wrap" role="alert">
        {outcome && !outcome.ok && explained(outcome)}
      </p>
      <p className="done wrap" role="status">
        {outcome?.ok && done}
      </p>
    </>
  );
}
