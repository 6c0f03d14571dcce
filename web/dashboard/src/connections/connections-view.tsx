// The view of the service itself: who is connected, what is delivered, and what it costs.
import type { ReactNode } from "react";
import type { AdminViewProps } from "../views.js";

export default function ConnectionsView(_: AdminViewProps): ReactNode {
  return <h2>Connections</h2>;
}
