// A room, or what one user gets, watched live: every frame as it passes.
import { type FormEvent, type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { isServiceWell, tokenSource } from "../../session/token-source.js";
import { useDraft } from "../drafts.js";
import { FrameLog } from "./frame-log.js";
import { FrameRow } from "./frame-row.js";
import { isChosen, KEPT } from "./frames.js";
import { type Kind, roomOf } from "./room-input.js";
import { watchRoom, type WatchStatus } from "./room-watch.js";

const TEXTS: Readonly<Record<WatchStatus, string>> = { connecting: "Connecting …", watching: "Watching", ended: "Ended" };

interface WatchPanelProps {
  readonly token: string;
  /** The project whose room is offered first. */
  readonly project?: string | undefined;
}

/** Ask which room to watch, and watch it. */
export function WatchPanel({ token, project }: WatchPanelProps): ReactNode {
  const [kind, setKind] = useDraft<Kind>("watch.kind", "room");
  const [names, setNames] = useDraft("watch.names", { room: project ? `project:${project}` : "", user: "" });
  const [room, setRoom] = useState("");
  const [problem, setProblem] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const meant = roomOf(kind, names[kind]);
    setProblem(meant ? "" : "Expected the name of a room: global, or a kind and an id such as project:atlas.");
    if (meant) setRoom(meant);
  };
  return (
    <>
      <form className="row" onSubmit={submit}>
        <label htmlFor="watch-kind">Watch</label>
        <select id="watch-kind" value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          <option value="room">the room</option>
          <option value="user">the user</option>
        </select>
        <input
          id="watch-name"
          className="wide"
          aria-label={kind === "room" ? "Name of the room" : "Id of the user"}
          placeholder={kind === "room" ? "project:atlas" : "ada"}
          aria-invalid={problem !== ""}
          aria-describedby="watch-problem"
          value={names[kind]}
          onChange={(event) => setNames({ ...names, [kind]: event.target.value })}
          required
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
        />
        <button type="submit">Watch</button>
        {room && (
          <button type="button" onClick={() => setRoom("")}>
            Stop
          </button>
        )}
      </form>
      <p id="watch-problem" className="problem" role="alert">
        {problem}
      </p>
      {room && <WatchedRoom key={`${room} ${token}`} room={room} token={token} />}
    </>
  );
}

function WatchedRoom({ room, token }: { readonly room: string; readonly token: string }): ReactNode {
  const log = useMemo(() => new FrameLog(), []);
  const { frames, waiting, total, isPaused } = useSyncExternalStore(log.onChange, log.snapshot);
  const [{ status, why }, setStatus] = useState<{ status: WatchStatus; why: string }>({ status: "connecting", why: "" });
  const [types, setTypes] = useDraft("watch.types", "");
  const [isIndented, setIndented] = useState(false);
  useEffect(() => {
    const url = `${location.protocol.replace("http", "ws")}//${location.host}/ws`;
    const options = { url, room, token: tokenSource(token, isServiceWell) };
    return watchRoom(options, {
      frame: (text, at) => log.add(text, at),
      status: (status, why) => setStatus({ status, why }),
    });
  }, [log, room, token]);
  const shown = frames.filter(({ type }) => isChosen(type, types));
  return (
    <section aria-label={`Frames of ${room}`}>
      <p className={status === "ended" ? "problem wrap" : "wrap"} role="status" id="watch-status">
        {TEXTS[status]} <b>{room}</b>
        {why && `: ${why}`}
      </p>
      <div className="row">
        <label htmlFor="watch-types">Types</label>
        <input
          id="watch-types"
          className="wide"
          placeholder="workflow.* pr.created"
          list="watch-seen"
          value={types}
          onChange={(event) => setTypes(event.target.value)}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
        />
        <datalist id="watch-seen">
          {[...new Set(frames.map(({ type }) => type))].map((type) => (
            <option key={type} value={type} />
          ))}
        </datalist>
        <button type="button" aria-pressed={isPaused} onClick={() => log.pause(!isPaused)}>
          {isPaused ? `Go on (${waiting} waiting)` : "Pause"}
        </button>
        <button type="button" onClick={() => log.clear()}>
          Clear
        </button>
        <label>
          <input type="checkbox" checked={isIndented} onChange={(event) => setIndented(event.target.checked)} /> one field a line
        </label>
      </div>
      <p className="soft">
        {shown.length} shown of {total} that came; the last {KEPT} are kept.
      </p>
      <ol className="frames">
        {shown.map((frame) => (
          <FrameRow key={frame.number} frame={frame} isIndented={isIndented} />
        ))}
      </ol>
    </section>
  );
}
