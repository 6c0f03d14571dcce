// Ends a user's access: who, how and why, and a question before it is done.
import { type FormEvent, type ReactNode, useState } from "react";
import { Confirmation } from "../confirmation.js";
import { useDraft } from "../drafts.js";
import { Notice } from "../notice.js";
import type { Ask } from "../service.js";
import { useRequest } from "../use-request.js";
import { LONGEST_REASON, MEANINGS, named, type Order, type OrderName, orderOf, refusedFields, type TypedOrder } from "./orders.js";

const EMPTY: TypedOrder = { order: "disconnect", user: "", room: "", reason: "", before: "" };
const NAMES: Readonly<Record<OrderName, string>> = {
  disconnect: "Disconnect",
  remove: "Remove from a room",
  revoke: "Revoke tokens",
};

/** Ask for an order, then whether it is meant, and give it. */
export function AccessPanel({ ask }: { readonly ask: Ask }): ReactNode {
  const [typed, setTyped] = useDraft("access", EMPTY);
  const [problems, setProblems] = useState<Partial<Record<keyof TypedOrder, string>>>({});
  const [asked, setAsked] = useState<Order | null>(null);
  const [given, setGiven] = useState<Order | null>(null);
  const { isBusy, outcome, run, dismiss } = useRequest<unknown>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    dismiss();
    const read = orderOf(typed, new Date());
    setProblems("problems" in read ? read.problems : {});
    if ("order" in read) setAsked(read.order);
  };
  const give = async (order: Order): Promise<void> => {
    setAsked(null);
    setGiven(order);
    const came = await run(() => ask("POST", "/api/v1/admin/access", order));
    if (came.ok) setTyped({ ...EMPTY, order: order.order });
    else if (came.status === 400) setProblems(refusedFields(came.message));
  };
  const field = (name: keyof TypedOrder, label: string, more: React.ComponentProps<"input"> = {}): ReactNode => (
    <div className="field">
      <label htmlFor={`access-${name}`}>{label}</label>
      <input
        id={`access-${name}`}
        value={typed[name]}
        onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
        aria-invalid={problems[name] !== undefined}
        aria-describedby={`access-${name}-problem`}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        {...more}
      />
      <p id={`access-${name}-problem`} className="problem">
        {problems[name]}
      </p>
    </div>
  );
  return (
    <form onSubmit={submit} noValidate>
      <fieldset>
        <legend>Order</legend>
        {(Object.keys(NAMES) as OrderName[]).map((order) => (
          <label key={order} className="choice-line">
            <input
              type="radio"
              name="order"
              value={order}
              checked={typed.order === order}
              onChange={() => setTyped({ ...typed, order })}
            />
            <span>
              <b>{NAMES[order]}</b> <span className="soft">{MEANINGS[order]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {field("user", "User", { "aria-required": true, placeholder: "ada" })}
      {typed.order === "remove" && field("room", "Room", { "aria-required": true, placeholder: "project:atlas" })}
      {typed.order === "revoke" && field("before", "Issued before (empty: now)", { type: "datetime-local", step: 1 })}
      {field("reason", `Reason, which the user sees (at most ${LONGEST_REASON} characters)`, { spellCheck: true })}
      <div className="buttons">
        <button type="submit" disabled={isBusy}>
          {isBusy ? "Ordering …" : `${NAMES[typed.order]} …`}
        </button>
      </div>
      <Notice outcome={outcome} done={given && `Ordered: ${named(given)}. It is done within some two seconds.`} />
      {asked && (
        <Confirmation
          title={`${named(asked)}?`}
          action={named(asked)}
          onConfirm={() => void give(asked)}
          onCancel={() => setAsked(null)}
        >
          <p>{MEANINGS[asked.order]}</p>
          {asked.issued_before && <p>Issued before: {asked.issued_before}</p>}
          <p>Reason: {asked.reason ?? "none is given"}</p>
        </Confirmation>
      )}
    </form>
  );
}
