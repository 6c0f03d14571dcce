// An event, typed into a form that is made from its schema, and published.
import { type FormEvent, type ReactNode, useMemo, useState } from "react";
import document from "../../../../../docs/schema/events.json";
import { useDraft } from "../drafts.js";
import { Notice } from "../notice.js";
import type { Ask } from "../service.js";
import { useRequest } from "../use-request.js";
import { FieldInput } from "./field-input.js";
import { fieldsOf } from "./fields.js";
import { type Refusal, refusalOf } from "./refusal.js";
import { publishable, type Schema } from "./schema.js";
import { type Typed, valuesOf } from "./values.js";

const SCHEMA = document as Schema;

const NONE: Refusal = { fields: {}, rest: "" };

/** Ask for an event, and publish it. */
export function PublishPanel({ ask }: { readonly ask: Ask }): ReactNode {
  const events = useMemo(() => publishable(SCHEMA), []);
  const [type, setType] = useDraft("publish.type", "project.updated");
  const [drafts, setDrafts] = useDraft<Readonly<Record<string, Typed>>>("publish.values", {});
  const [problems, setProblems] = useState(NONE);
  const { isBusy, outcome, run, dismiss } = useRequest<{ readonly id: string }>();
  const schema = events.get(type);
  const fields = useMemo(() => fieldsOf(schema ?? {}, SCHEMA), [schema]);
  const typed = drafts[type] ?? {};

  const startAnew = (): void => {
    setProblems(NONE);
    dismiss();
  };
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    dismiss();
    const read = valuesOf(fields, typed, new Date());
    let found: Refusal = { fields: read.problems, rest: "" };
    if (Object.keys(read.problems).length === 0) {
      const came = await run(() => ask<{ readonly id: string }>("POST", "/api/v1/admin/events", { type, data: read.data }));
      if (!came.ok && came.status === 400) found = refusalOf(came.message, fields.map(({ name }) => name));
    }
    setProblems(found);
    focusFirst(form, found);
  };

  return (
    <form className="publish" onSubmit={(event) => void submit(event)} noValidate>
      <div className="field">
        <label htmlFor="publish-type">Event</label>
        <select
          id="publish-type"
          value={type}
          onChange={(event) => {
            setType(event.target.value);
            startAnew();
          }}
        >
          {[...events.keys()].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <p className="soft wrap">{schema?.description}</p>
      </div>
      {fields.map((field) => (
        <FieldInput
          key={`${type} ${field.name}`}
          field={field}
          value={typed[field.name] ?? ""}
          problem={problems.fields[field.name]}
          onChange={(value) => setDrafts({ ...drafts, [type]: { ...typed, [field.name]: value } })}
        />
      ))}
      <div className="buttons">
        <button type="submit" className="primary" disabled={isBusy}>
          {isBusy ? "Publishing …" : "Publish"}
        </button>
        <button
          type="button"
          onClick={() => {
            setDrafts({ ...drafts, [type]: {} });
            startAnew();
          }}
        >
          Empty the form
        </button>
      </div>
      <Told problems={problems} />
      <Notice
        outcome={outcome && !outcome.ok && outcome.status === 400 ? null : outcome}
        done={
          <>
            The bus has the event <code>{outcome?.ok && outcome.answer.id}</code>.
          </>
        }
      />
    </form>
  );
}

function Told({ problems: { fields, rest } }: { readonly problems: Refusal }): ReactNode {
  const count = Object.keys(fields).length;
  const said = count > 0 ? `Nothing was published: ${count === 1 ? "one field is" : `${count} fields are`} not right. ` : "";
  return (
    <p className="problem wrap" role="alert">
      {said}
      {rest}
    </p>
  );
}

/** Bring the reader to the first field that is not right. */
function focusFirst(form: HTMLFormElement, { fields }: Refusal): void {
  const inputs = [...form.querySelectorAll<HTMLElement>("[data-field]")];
  const first = inputs.find((each) => (each.dataset["field"] ?? "") in fields);
  first?.querySelector<HTMLElement>("input, select, textarea")?.focus();
}
