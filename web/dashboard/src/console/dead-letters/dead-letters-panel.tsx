// Messages that failed for good: how many wait in which queue, a few of them, and another try.
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { Confirmation } from "../confirmation.js";
import { Notice } from "../notice.js";
import type { Ask } from "../service.js";
import { useRequest } from "../use-request.js";

interface Sample {
  readonly id: string;
  readonly sent_at: string;
  readonly reason?: string;
  /** What failed, by its ids; the service shows no payload. */
  readonly about: string;
}

interface Redriven {
  readonly tried_again: number;
  /** False: there was no time for all of them. */
  readonly is_complete: boolean;
}

interface Queue {
  readonly name: string;
  readonly messages: number;
  readonly samples: readonly Sample[];
}

const PATH = "/api/v1/admin/dead-letters";

/** Show the dead letters, and try those of a queue again. */
export function DeadLettersPanel({ ask }: { readonly ask: Ask }): ReactNode {
  const list = useRequest<{ readonly queues: readonly Queue[] }>();
  const redrive = useRequest<Redriven>();
  const [queues, setQueues] = useState<readonly Queue[] | null>(null);
  const [asked, setAsked] = useState<Queue | null>(null);
  const [given, setGiven] = useState("");
  const { run } = list;
  const load = useCallback(async () => {
    const came = await run(() => ask<{ readonly queues: readonly Queue[] }>("GET", PATH));
    if (came.ok) setQueues(came.answer.queues);
  }, [ask, run]);
  useEffect(() => void load(), [load]);
  const give = async (queue: Queue): Promise<void> => {
    setAsked(null);
    setGiven(queue.name);
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
      <Notice outcome={redrive.outcome} done={redrive.outcome?.ok && told(given, redrive.outcome.answer)} />
      {queues?.map((queue) => (
        <section key={queue.name} className="queue" aria-label={queue.name}>
          <div className="line">
            <h3 className="wrap">{queue.name}</h3>
            <span className={`tag ${queue.messages > 0 ? "bad" : "good"}`}>
              {queue.messages === 1 ? "1 message" : `${queue.messages} messages`}
            </span>
          </div>
          {queue.messages > 0 && (
            <button type="button" disabled={redrive.isBusy} onClick={() => setAsked(queue)}>
              Try them again …
            </button>
          )}
          <ul className="frames">
            {queue.samples.map((each) => (
              <li key={each.id}>
                <div className="line">
                  <span className="name wrap">{each.reason ?? each.id}</span>
                  <time className="soft" dateTime={each.sent_at}>
                    {new Date(each.sent_at).toLocaleString()}
                  </time>
                </div>
                <p className="wrap">{each.about}</p>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {queues?.length === 0 && <p className="empty">This deployment has no queue of dead letters.</p>}
      {asked && (
        <Confirmation
          title={`Try ${asked.messages} messages of ${asked.name} again?`}
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

function told(queue: string, { tried_again: count, is_complete: isComplete }: Redriven): string {
  const messages = count === 1 ? "1 message" : `${count} messages`;
  const left = isComplete ? "" : " More are left: try again.";
  return `${messages} of ${queue} tried again; those that fail come back here.${left}`;
}
