// A field for an id or a name, which is sent as it was typed: nothing corrects, completes or capitalizes it.
import type { ReactNode } from "react";

interface NameInputProps {
  readonly label: string;
  readonly example: string;
  readonly value: string;
  onType(value: string): void;
  readonly isWide?: boolean;
}

/** Show the field; it has to be filled in. */
export function NameInput({ label, example, value, onType, isWide = false }: NameInputProps): ReactNode {
  return (
    <input
      className={isWide ? "wide" : undefined}
      aria-label={label}
      placeholder={example}
      value={value}
      onChange={(changed) => onType(changed.target.value)}
      required
      spellCheck={false}
      autoComplete="off"
      autoCapitalize="none"
    />
  );
}
