// What was typed and not sent yet: it outlives a panel, the view and a new sign-in of the same user, not the page.
import { useState } from "react";

const drafts = new Map<string, unknown>();
let owner = "";

/** Drop what another user has typed. */
export function keepDraftsOf(user: string): void {
  if (user !== owner) drafts.clear();
  owner = user;
}

/** As `useState`, with a value that is there again when the component is mounted anew. */
export function useDraft<Value>(name: string, initial: Value): [Value, (value: Value) => void] {
  const [value, setValue] = useState(() => (drafts.has(name) ? (drafts.get(name) as Value) : initial));
  const keep = (changed: Value): void => {
    drafts.set(name, changed);
    setValue(changed);
  };
  return [value, keep];
}
