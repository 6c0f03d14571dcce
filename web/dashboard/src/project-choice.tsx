// Which projects are shown: those of the link or of the token, and those that the user adds.
import { type FormEvent, type ReactNode, useState } from "react";
import { idsIn } from "./session/link.js";

interface ProjectChoiceProps {
  readonly projects: readonly string[];
  readonly onChange: (projects: readonly string[]) => void;
}

/** Ask for the id of a project to show. */
export function ProjectChoice({ projects, onChange }: ProjectChoiceProps): ReactNode {
  const [problem, setProblem] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const ids = idsIn(String(new FormData(form).get("project") ?? ""));
    setProblem(ids.length ? "" : "Expected a project's id: 1 to 128 of A-Z a-z 0-9 . _ -");
    if (!ids.length) return;
    onChange([...new Set([...projects, ...ids])]);
    form.reset();
  };
  return (
    <section className="choice" aria-label="Projects shown">
      <form onSubmit={submit}>
        <label htmlFor="project">Show a project</label>
        <input id="project" name="project" placeholder="project id" spellCheck={false} autoComplete="off" required />
        <button type="submit">Show</button>
      </form>
      <ul className="chosen">
        {projects.map((id) => (
          <li key={id}>
            <button
              type="button"
              aria-label={`Hide project ${id}`}
              onClick={() => onChange(projects.filter((other) => other !== id))}
            >
              {id} ×
            </button>
          </li>
        ))}
      </ul>
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  );
}
