// A titled list, or what is said when there is nothing in it.
import { Children, type ReactNode, useId } from "react";

interface PanelProps {
  readonly title: string;
  readonly empty: string;
  readonly children: ReactNode;
}

/** Show the children, each an item of a list, below a title with their number. */
export function Panel({ title, empty, children }: PanelProps): ReactNode {
  const heading = useId();
  const count = Children.count(children);
  return (
    <section className="panel" aria-labelledby={heading}>
      <h3 id={heading}>
        {title} {count > 0 && <span className="count">{count}</span>}
      </h3>
      {count > 0 ? <ul>{children}</ul> : <p className="empty">{empty}</p>}
    </section>
  );
}
