// Why a user did or did not get an event, as the service explains it.
import { type FormEvent, type ReactNode, useId } from "react";
import { words } from "../../words.js";
import { useDraft } from "../drafts.js";
import { NameInput } from "../name-input.js";
import { Notice } from "../notice.js";
import type { Ask } from "../service.js";
import { useRequest } from "../use-request.js";
import { userId } from "../watch/room-input.js";
import { FactList, type Facts, textOf } from "./facts.js";

interface Explanation {
  readonly verdict: string;
  readonly reason: string;
  /** What to do next. */
  readonly next?: string;
  readonly event?: Facts;
  readonly rooms?: readonly Facts[];
  readonly connections?: readonly Facts[];
  /** The user has others, which were not looked at. */
  readonly more_connections?: boolean;
}

/** Ask for an event and a user, and show what the service knows. */
export function ExplainPanel({ ask }: { readonly ask: Ask }): ReactNode {
  const [{ event, user }, setTyped] = useDraft("explain", { event: "", user: "" });
  const { isBusy, outcome, run } = useRequest<Explanation>();
  const submit = (submitted: FormEvent): void => {
    submitted.preventDefault();
    const query = new URLSearchParams({ event: event.trim(), user: userId(user.trim()) });
    void run(() => ask<Explanation>("GET", `/api/v1/explain?${query}`));
  };
  return (
    <>
      <form className="row" onSubmit={submit}>
        <NameInput
          label="Id of the event"
          example="id of the event"
          value={event}
          onType={(typed) => setTyped({ event: typed, user })}
          isWide
        />
        <NameInput
          label="Id of the user"
          example="id of the user"
          value={user}
          onType={(typed) => setTyped({ event, user: typed })}
          isWide
        />
        <button type="submit" disabled={isBusy}>
          {isBusy ? "Asking …" : "Explain"}
        </button>
      </form>
      <Notice outcome={outcome} />
      <p className="verdict wrap" role="status">
        {outcome?.ok && `${words(outcome.answer.verdict)}: ${outcome.answer.reason}`}
      </p>
      {outcome?.ok && <Explained explanation={outcome.answer} />}
    </>
  );
}

function Explained({ explanation }: { readonly explanation: Explanation }): ReactNode {
  const { next, event = {}, rooms = [], connections = [], more_connections: areMore } = explanation;
  return (
    <div className="explained">
      {next && <p className="wrap">Next: {next}</p>}
      <Group title="The event">
        <FactList facts={event} />
      </Group>
      <Group title="Its rooms">
        {rooms.map((each, at) => (
          <Item key={textOf(each["room"]) || at} title={textOf(each["room"])} facts={each} named="room" />
        ))}
      </Group>
      <Group title="Connections of the user">
        {connections.length === 0 && <p className="empty">None now.</p>}
        {connections.map((each, at) => (
          <Item key={textOf(each["id"]) || at} title={textOf(each["id"])} facts={each} named="id" />
        ))}
        {areMore && <p className="soft">The user has more connections, which were not looked at.</p>}
      </Group>
    </div>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const heading = useId();
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{title}</h3>
      {children}
    </section>
  );
}

interface ItemProps {
  readonly title: string;
  readonly facts: Facts;
  readonly named: string;
}

function Item({ title, facts, named }: ItemProps): ReactNode {
  const verdict = textOf(facts["verdict"]);
  return (
    <div className="item">
      <div className="line">
        <span className="name wrap">{title}</span>
        {verdict && <span className="tag">{words(verdict)}</span>}
      </div>
      {textOf(facts["reason"]) && <p className="wrap">{textOf(facts["reason"])}</p>}
      <FactList facts={facts} without={[named, "verdict", "reason"]} />
    </div>
  );
}
