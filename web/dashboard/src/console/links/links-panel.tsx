// GitHub's names and what they stand for here: repositories with their projects, logins with their users.
import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from "react";
import { Confirmation } from "../confirmation.js";
import { useDraft } from "../drafts.js";
import { NameInput } from "../name-input.js";
import { Notice } from "../notice.js";
import type { Ask, Outcome } from "../service.js";
import { useRequest } from "../use-request.js";

interface Links {
  readonly repositories: readonly { readonly repository: string; readonly project_id: string }[];
  readonly users: readonly { readonly login: string; readonly user_id: string }[];
}

/** A kind of links: how it is called, and its two names in requests. */
interface LinkKind {
  readonly title: string;
  readonly empty: string;
  readonly from: { readonly field: "repository" | "login"; readonly label: string; readonly example: string };
  readonly to: { readonly field: "project" | "user"; readonly label: string; readonly example: string };
}

const REPOSITORIES: LinkKind = {
  title: "Repositories",
  empty: "No repository is linked: its webhooks reach no project.",
  from: { field: "repository", label: "Repository", example: "acme/atlas" },
  to: { field: "project", label: "Project", example: "atlas" },
};
const USERS: LinkKind = {
  title: "Users",
  empty: "No login is linked: issues that are assigned on GitHub reach no user's room.",
  from: { field: "login", label: "GitHub login", example: "ada-l" },
  to: { field: "user", label: "User", example: "ada" },
};
const PATH = "/api/v1/admin/links";

/** Show all links, add some, and take some away. */
export function LinksPanel({ ask }: { readonly ask: Ask }): ReactNode {
  const { isBusy, outcome, run } = useRequest<Links>();
  const load = useCallback(() => run(() => ask<Links>("GET", PATH)), [ask, run]);
  useEffect(() => void load(), [load]);
  const links = useLast(outcome);
  return (
    <>
      <div className="buttons">
        <button type="button" disabled={isBusy} onClick={() => void load()}>
          {isBusy ? "Reading …" : "Read again"}
        </button>
      </div>
      <Notice outcome={outcome} />
      {links && (
        <>
          <LinkList
            kind={REPOSITORIES}
            links={links.repositories.map(({ repository, project_id }) => [repository, project_id])}
            ask={ask}
            onChange={load}
          />
          <LinkList kind={USERS} links={links.users.map(({ login, user_id }) => [login, user_id])} ask={ask} onChange={load} />
        </>
      )}
    </>
  );
}

/** Return the last answer that came: a failure later on does not take it away. */
function useLast<Answer>(outcome: Outcome<Answer> | null): Answer | null {
  const [last, setLast] = useState<Answer | null>(null);
  useEffect(() => {
    if (outcome?.ok) setLast(outcome.answer);
  }, [outcome]);
  return last;
}

interface LinkListProps {
  readonly kind: LinkKind;
  readonly links: readonly (readonly [from: string, to: string])[];
  readonly ask: Ask;
  readonly onChange: () => Promise<unknown>;
}

function LinkList({ kind, links, ask, onChange }: LinkListProps): ReactNode {
  const { from, to } = kind;
  const [{ name, target }, setTyped] = useDraft(`links.${from.field}`, { name: "", target: "" });
  const [leaving, setLeaving] = useState<string | null>(null);
  const [done, setDone] = useState("");
  const { isBusy, outcome, run } = useRequest<unknown>();
  const change = async (said: string, request: () => Promise<Outcome<unknown>>): Promise<boolean> => {
    setDone(said);
    const came = await run(request);
    if (came.ok) await onChange();
    return came.ok;
  };
  const add = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const body = { [from.field]: name.trim(), [to.field]: target.trim() };
    const said = `${name.trim()} is linked with ${target.trim()}.`;
    if (await change(said, () => ask("PUT", PATH, body))) setTyped({ name: "", target: "" });
  };
  return (
    <section className="links" aria-label={kind.title}>
      <h3>{kind.title}</h3>
      {links.length === 0 ? (
        <p className="empty">{kind.empty}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{from.label}</th>
              <th scope="col">{to.label}</th>
              <th scope="col">
                <span className="unseen">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {links.map(([each, stands]) => (
              <tr key={each}>
                <td>{each}</td>
                <td>{stands}</td>
                <td>
                  <button type="button" aria-label={`Unlink ${each}`} disabled={isBusy} onClick={() => setLeaving(each)}>
                    Unlink
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <form className="row" onSubmit={(event) => void add(event)}>
        <NameInput
          label={from.label}
          example={from.example}
          value={name}
          onType={(typed) => setTyped({ name: typed, target })}
        />
        <NameInput
          label={to.label}
          example={to.example}
          value={target}
          onType={(typed) => setTyped({ name, target: typed })}
        />
        <button type="submit" disabled={isBusy}>
          Link
        </button>
      </form>
      <Notice outcome={outcome} done={done} />
      {leaving !== null && (
        <Confirmation
          title={`Unlink ${leaving}?`}
          action={`Unlink ${leaving}`}
          onCancel={() => setLeaving(null)}
          onConfirm={() => {
            setLeaving(null);
            const query = new URLSearchParams({ [from.field]: leaving });
            void change(`${leaving} is linked no more.`, () => ask("DELETE", `${PATH}?${query}`));
          }}
        >
          <p>What GitHub tells of it goes to nobody here until it is linked again.</p>
        </Confirmation>
      )}
    </section>
  );
}
