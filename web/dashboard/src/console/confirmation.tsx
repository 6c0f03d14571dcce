// A question before something that cannot be taken back.
import { type ReactNode, useLayoutEffect, useId, useRef } from "react";

interface ConfirmationProps {
  readonly title: string;
  /** What will happen. */
  readonly children: ReactNode;
  /** The words on the button that does it: what is done, and to whom. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** Ask, above everything else, until the user decides. Escape and the first button cancel. */
export function Confirmation({ title, children, action, onConfirm, onCancel }: ConfirmationProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const text = useId();
  // A layout effect ends while the dialog is still in the page: closing it gives the focus back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    // StrictMode mounts twice: a dialog that is open cannot be opened.
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      aria-describedby={text}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <h3 id={heading}>{title}</h3>
      <div id={text} className="wrap">
        {children}
      </div>
      <div className="buttons">
        <button type="button" autoFocus onClick={onCancel}>
          Cancel
        </button>
        <button type="button" className="danger" onClick={onConfirm}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
