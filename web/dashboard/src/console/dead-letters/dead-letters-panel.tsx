// Messages that failed for good: how many wait in which queue, a few of them, and another try.
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { Confirmation } from "../confirmation.js";
import { Notice } from "../notice.js";
import type { Ask } from "../service.js";
import { useRequest } from "../use-request.js";

interface Sample {
  readonly id: string;
  readonly sent_at: string;
  readonly reason: string;
  /** Ids and types: what a letter holds is not told. */
  readonly about: string;
}

interface Queue {
  readonly name: string;
  readonly messages: number;
  /** False: the messages do not hold what was lost. */
  readonly can_redrive: boolean;
  readonly samples: readonly Sample[];
}

/** What became of those of a queue: one request takes as many as there is time for. */
interface Redriven {
  readonly queue: string;
  readonly tried_again: number;
  readonly is_complete: boolean;
}

const PATH = "/api/v1/admin/dead-letters";

/** Show the dead letters, and try those of a queue again. */
export function DeadLettersPanel({ ask }: { readonly ask: Ask }): ReactNode {
  const list = useRequest<{ readonly queues: readonly Queue[] }>();
  const redrive = useRequest<Redriven>();
  const [queues, setQueues] = useState<readonly Queue[] | null>(null);
  const [asked, setAsked] = useState<Queue | null>(null);
  const { run } = list;
  const load = useCallback(async () => {
    const came = await run(() => ask<{ readonly queues: readonly Queue[] }>("GET", PATH));
    if (came.ok) setQueues(came.answer.queues);
  }, [ask, run]);
  useEffect(() => void load(), [load]);
  const give = async (queue: Queue): Promise<void> => {
    setAsked(null);
    const came = await redrive.run(() => ask<Redriven>("POST", `${PATH}/redrive`, { queue: queue.name }));
    if (came.ok) await load();
  };
  return (
    <>
      <div className="buttons">
        <button type="button" disabled={list.isBusy} onClick={() => void load()}>
          {list.isBusy ? "Reading …" : "Read again"}
        </button>
      </div>
      <Notice outcome={list.outcome} />
      <Notice outcome={redrive.outcome} done={redrive.outcome?.ok && said(redrive.outcome.answer)} />
      {queues?.map((queue) => (
        <section key={queue.name} className="queue" aria-label={queue.name}>
          <div className="line">
            <h3 className="wrap">{queue.name}</h3>
            <span className={`tag ${queue.messages > 0 ? "bad" : "good"}`}>
              {amount(queue.messages)}
            </span>
          </div>
          {queue.messages > 0 && !queue.can_redrive && (
            <p className="soft">These only say that something was lost; they cannot be tried again.</p>
          )}
          {queue.messages > 0 && queue.can_redrive && (
            <button type="button" disabled={redrive.isBusy} onClick={() => setAsked(queue)}>
              Try them again …
            </button>
          )}
          <ul className="frames">
            {queue.samples.map((each) => (
              <li key={each.id}>
                <div className="line">
                  <span className="name wrap">{each.about}</span>
                  <time className="soft" dateTime={each.sent_at}>
                    {new Date(each.sent_at).toLocaleString()}
                  </time>
                </div>
                <p className="wrap">{each.reason}</p>
                <p className="soft wrap">{each.id}</p>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {queues?.length === 0 && <p className="empty">This deployment has no queue of dead letters.</p>}
      {asked && (
        <Confirmation
          title={`Try ${amount(asked.messages)} of ${asked.name} again?`}
          action="Try again"
          onCancel={() => setAsked(null)}
          onConfirm={() => void give(asked)}
        >
          <p>They go back to where they failed. What has succeeded in part is done twice there: clients drop repeats.</p>
        </Confirmation>
      )}
    </>
  );
}

function amount(letters: number): string {
  return letters === 1 ? "1 letter" : `${letters} letters`;
}

/** Return what became of a request to try letters again. */
function said({ queue, tried_again: tried, is_complete: isComplete }: Redriven): string {
  const rest = isComplete ? "Those that fail come back here." : "There was no time for all: try again for the rest.";
  return `${queue}: ${amount(tried)} handed over again. ${rest}`;
}
