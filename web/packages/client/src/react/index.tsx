// Hooks for React 18 and newer: rooms, events, the connection, and who is there.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Client, ConnectionSnapshot, EventOf, EventTypes, Presence, RoomSnapshot, Wants } from "../index.js";
import { canonical } from "../room-name.js";

const Context = createContext<Client | null>(null);
const IDLE: ConnectionSnapshot = { status: "idle", error: null };

/** Give a client to the hooks below, and keep its connection while this is mounted. */
export function RoomcastProvider({ client, children }: { client: Client; children?: ReactNode }): ReactNode {
  useEffect(() => client.hold(), [client]);
  return <Context.Provider value={client}>{children}</Context.Provider>;
}

/** Return the client of the provider above. */
export function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error("expected a RoomcastProvider above this component");
  return client;
}

/** What `useRoom` returns: the room, and how to tell that the application has fetched what was lost. */
export interface UsedRoom extends RoomSnapshot {
  settle(): void;
}

/** Be in a room while mounted; null: in none. All components that are in one room share it. */
export function useRoom(room: string | null, { state = true, presence = false }: Partial<Wants> = {}): UsedRoom {
  const client = useClient();
  const subscribe = useMemo(() => {
    return (onChange: () => void): (() => void) => {
      if (room === null) return client.onConnection(onChange);
      const handle = client.room(room, { state, presence });
      const off = handle.onChange(onChange);
      return () => {
        off();
        handle.leave();
      };
    };
  }, [client, room, state, presence]);
  const read = (): RoomSnapshot => client.snapshot(room ?? "");
  const snapshot = useSyncExternalStore(subscribe, read, read);
  return useMemo(
    () => ({
      ...snapshot,
      settle() {
        if (room !== null) client.settle(room);
      },
    }),
    [snapshot, client, room],
  );
}

/**
 * Call `handler` with each event of a type while mounted. `room` narrows it to the events that came
 * through one room; it does not join the room.
 */
export function useEvent<Type extends keyof EventTypes | (string & {})>(
  type: Type,
  handler: (event: EventOf<Type & string>) => void,
  room?: string,
): void {
  const client = useClient();
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(
    () =>
      client.on(type as string, (event) => {
        if (room === undefined || event.room === canonical(room)) latest.current(event as EventOf<Type & string>);
      }),
    [client, type, room],
  );
}

/** Return the connection: its status and why it is closed. */
export function useConnection(): ConnectionSnapshot {
  const client = useClient();
  const subscribe = useMemo(() => (onChange: () => void) => client.onConnection(onChange), [client]);
  return useSyncExternalStore(subscribe, () => client.connection, () => IDLE);
}

/** Return who is in a room, and be in it while mounted; null where the service does not tell. */
export function usePresence(room: string | null): Presence | null {
  return useRoom(room, { state: false, presence: true }).presence;
}
