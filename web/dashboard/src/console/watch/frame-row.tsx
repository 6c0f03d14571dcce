// One frame: when it came, what it is, how large it is, how long it took, and its text.
import { memo, type ReactNode, useState } from "react";
import { type Frame, indented, latencyText, size } from "./frames.js";

/** Characters that are shown of a frame until more are asked for. */
const AT_FIRST = 2_000;

interface FrameRowProps {
  readonly frame: Frame;
  readonly isIndented: boolean;
}

/** Show a frame. A frame does not change, so it is drawn once. */
export const FrameRow = memo(function FrameRow({ frame, isIndented }: FrameRowProps): ReactNode {
  const { at, type, bytes, latency, text } = frame;
  const [isWhole, setWhole] = useState(false);
  const shown = isIndented ? indented(text) : text;
  const isCut = !isWhole && shown.length > AT_FIRST;
  return (
    <li data-type={type}>
      <div className="line">
        <span className="name wrap">{type}</span>
        <span className="soft facts">
          <time dateTime={new Date(at).toISOString()}>{timeOf(at)}</time>
          <span title="size in UTF-8">{size(bytes)}</span>
          {latency !== null && <span title="from the publisher's clock to this machine's">{latencyText(latency)}</span>}
        </span>
      </div>
      <pre>{isCut ? `${shown.slice(0, AT_FIRST)} …` : shown}</pre>
      {isCut && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {size(bytes)}
        </button>
      )}
    </li>
  );
});

/** Return a time of day with milliseconds, in this machine's zone. */
function timeOf(at: number): string {
  const time = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}
