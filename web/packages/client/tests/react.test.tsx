// @vitest-environment happy-dom
// The hooks, in StrictMode, where React mounts everything twice.
import { act, StrictMode, useState } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Client, createClient } from "../src/index.js";
import { RoomcastProvider, useConnection, useEvent, usePresence, useRoom } from "../src/react/index.js";
import { FakeService } from "./fakes/service.js";
import { token } from "./fakes/tokens.js";

const ROOM = "project:atlas";

let service: FakeService;
let client: Client;
let root: Root;
let page: HTMLElement;

const pass = (milliseconds = 100) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
const publish = (n: number) =>
  act(async () => void service.publish(ROOM, "workflow.progress", { workflow_id: "7", progress: n }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  service = new FakeService();
  client = createClient({ url: "wss://example.com/ws", token: () => token(), tabs: false });
  page = document.createElement("div");
  root = createRoot(page);
});

afterEach(() => act(async () => root.unmount()));

async function show(what: React.ReactNode): Promise<void> {
  await act(async () =>
    root.render(
      <StrictMode>
        <RoomcastProvider client={client}>{what}</RoomcastProvider>
      </StrictMode>,
    ),
  );
  await pass();
}

function Progress({ room = ROOM }: { room?: string | null }) {
  const { state, events, connection, complete } = useRoom(room);
  const progress = String(state["workflow:7"]?.data["progress"]);
  return <p>{`${connection} ${complete} ${progress} ${events.length}`}</p>;
}

describe("useRoom", () => {
  it("joins once for components that are mounted twice, and shows what comes", async () => {
    await show(
      <>
        <Progress />
        <Progress />
      </>,
    );
    expect(service.sockets).toHaveLength(1);
    expect(service.asked("subscribe")).toHaveLength(1);
    await publish(40);
    expect(page.textContent).toBe("open true 40 1open true 40 1");
    await pass(10_000);
    expect(service.asked("unsubscribe")).toHaveLength(0);
  });

  it("changes the room, and leaves the old one", async () => {
    await show(<Progress />);
    await publish(40);
    await show(<Progress room="project:other" />);
    expect(page.textContent).toBe("open true undefined 0");
    await pass(2_000);
    expect(service.asked("unsubscribe")).toMatchObject([{ room: ROOM }]);
    await show(<Progress room={null} />);
    expect(page.textContent).toBe("open true undefined 0");
  });

  it("ends the connection when all is unmounted", async () => {
    await show(<Progress />);
    await act(async () => root.render(null));
    await pass(2_000);
    expect(service.open).toHaveLength(0);
  });

  it("tells a gap, and settle ends it", async () => {
    function Gap() {
      const { complete, settle } = useRoom(ROOM);
      return <button onClick={settle}>{String(complete)}</button>;
    }
    await show(<Gap />);
    await publish(1);
    service.remembers = false;
    await act(async () => service.drop());
    await pass(2_000);
    expect(page.textContent).toBe("false");
    document.body.append(page);
    await act(async () => page.querySelector("button")?.click());
    expect(page.textContent).toBe("true");
  });

  it("renders on a server, without a connection", () => {
    const html = renderToString(
      <RoomcastProvider client={client}>
        <Progress />
      </RoomcastProvider>,
    );
    expect(html).toBe("<p>idle true undefined 0</p>");
    expect(service.sockets).toHaveLength(0);
  });

  it("needs a provider", () => {
    expect(() => renderToString(<Progress />)).toThrow("expected a RoomcastProvider above this component");
  });
});

describe("useEvent", () => {
  it("calls the handler of the last render once for each event", async () => {
    const heard: string[] = [];
    function Listening() {
      const [round, next] = useState(0);
      useRoom(ROOM);
      useEvent("workflow.progress", ({ data }) => {
        heard.push(`${round}: ${data.progress}`);
        next(round + 1);
      });
      useEvent("workflow.progress", () => heard.push("never"), "project:other");
      return null;
    }
    await show(<Listening />);
    await publish(10);
    await publish(20);
    expect(heard).toEqual(["0: 10", "1: 20"]);
  });
});

describe("useEvent of one room", () => {
  it("takes a UUID however it is spelled", async () => {
    const heard: unknown[] = [];
    const name = "project:0F4E7A8C-0000-4000-8000-00000000000A";
    function Listening() {
      useRoom(name);
      useEvent("clock.ticked", ({ data }) => heard.push(data), name);
      return null;
    }
    await show(<Listening />);
    await act(async () => void service.publish(name.toLowerCase(), "clock.ticked", { at: 1 }));
    expect(heard).toEqual([{ at: 1 }]);
  });
});

describe("useConnection", () => {
  it("shows the status", async () => {
    function Status() {
      return <p>{useConnection().status}</p>;
    }
    await show(<Status />);
    expect(page.textContent).toBe("open");
    service.accepts = false;
    await act(async () => service.drop());
    expect(page.textContent).toBe("reconnecting");
  });
});

describe("usePresence", () => {
  function There() {
    const presence = usePresence(ROOM);
    return <p>{presence ? presence.users.join(" ") : "nobody tells"}</p>;
  }

  it("shows who is there", async () => {
    service.present = { [ROOM]: ["ada"] };
    await show(<There />);
    await act(async () => void service.publish(ROOM, "presence.joined", { user_id: "bob" }));
    expect(page.textContent).toBe("ada bob");
  });

  it("is null where the service does not tell", async () => {
    await show(<There />);
    expect(page.textContent).toBe("nobody tells");
  });
});
