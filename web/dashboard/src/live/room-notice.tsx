// Whether a room is joined and whole, where it is not.
import type { RoomSnapshot } from "@roomcast/client";
import type { ReactNode } from "react";

/** Say why a room shows nothing, or not all; nothing when it is joined and nothing is missing. */
export function RoomNotice({ room }: { readonly room: RoomSnapshot }): ReactNode {
  const text = noticeOf(room);
  if (!text) return null;
  return (
    <p className={room.error ? "problem" : "notice"} role={room.error ? "alert" : "status"}>
      {text}
    </p>
  );
}

/** Tell whether a room will show something that it does not yet. */
export function isJoining({ error, joined, connection }: RoomSnapshot): boolean {
  return !error && !joined && connection !== "closed";
}

/** Return the notice for a room; an empty text when there is nothing to say. */
export function noticeOf({ error, joined, complete, connection }: RoomSnapshot): string {
  if (error?.code === "ROOM_ACCESS_DENIED") return "Your token does not open this project.";
  if (error?.code === "ACCESS_REVOKED") return "Your access to this project was taken back.";
  if (error) return `The service refuses this room: ${error.message} (${error.code})`;
  if (connection === "closed") return joined ? "The connection is closed: what is shown may be old." : "Not connected.";
  if (!joined) return "Joining …";
  if (!complete) return connection === "open" ? "Catching up: some events are still missing." : "";
  return "";
}
