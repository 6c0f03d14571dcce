// The JSON protocol over a native WebSocket: docs/PROTOCOL.md, chapters 5 and 6.
import type { Link, LinkListener, TokenSource, Transport } from "./link.js";
import { Pending } from "./pending.js";

/** Return the transport to a URL such as `wss://example.com/ws`. */
export function jsonTransport(url: string, token: TokenSource | undefined): Transport {
  return { borrowed: false, token, open: (given, listener) => open(url, given, listener) };
}

function open(url: string, token: string | undefined, listener: LinkListener): Link {
  // A token in the URL would end up in the logs of proxies; browsers cannot set headers.
  const socket = new WebSocket(url, token ? ["roomcast", token] : []);
  const pending = new Pending();
  let ended = false;
  const end = (): boolean => {
    const first = !ended;
    ended = true;
    pending.close();
    return first;
  };
  socket.onopen = () => ended || listener.open();
  socket.onclose = () => end() && listener.closed(false);
  socket.onmessage = ({ data }) => {
    if (ended) return;
    listener.heard();
    const frame = JSON.parse(data as string);
    if (frame.type) listener.event(frame);
    else if (frame.status) pending.answer(frame.id, frame);
    // What is left is the heartbeat, which needs no answer.
  };
  return {
    request: (action, body, patience) =>
      pending.ask((id) => {
        if (ended) pending.close();
        else socket.send(JSON.stringify({ ...body, action, id }));
      }, patience),
    close() {
      end();
      socket.close();
    },
  };
}
