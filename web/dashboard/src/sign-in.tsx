// The form that asks for a token.
import { type FormEvent, type ReactNode, useState } from "react";
import { claimsOf } from "./session/claims.js";

/** Ask for a token, and pass on one that can be read. */
export function SignIn({ onToken }: { readonly onToken: (token: string) => void }): ReactNode {
  const [problem, setProblem] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    if (claimsOf(token)) onToken(token);
    else setProblem("This is no access token: expected a JWT with a user in its claim sub.");
  };
  return (
    <main className="sign-in">
      <h1>Roomcast</h1>
      <p>What happens in your projects, as it happens.</p>
      <form onSubmit={submit}>
        <label htmlFor="token">Access token</label>
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          required
          aria-describedby="token-note token-problem"
          aria-invalid={problem !== ""}
        />
        <p id="token-note" className="soft">
          It is kept in the memory of this page only: a reload asks for it again.
        </p>
        <p id="token-problem" className="problem" role="alert">
          {problem}
        </p>
        <button type="submit">Sign in</button>
      </form>
    </main>
  );
}
