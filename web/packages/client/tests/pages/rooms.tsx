// A page that shows a room, as the end-to-end tests open it in several tabs.
import { createClient } from "@roomcast/client";
import { RoomcastProvider, useConnection, useEvent, useRoom } from "@roomcast/client/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

const given = new URLSearchParams(location.search);
const tokens = given.get("tokens");
const client = createClient({
  url: given.get("url") ?? "",
  token: tokens ? async () => (await fetch(tokens)).text() : (given.get("token") ?? ""),
});

function Atlas() {
  const { state, events, complete, joined } = useRoom(given.get("room"));
  const { status } = useConnection();
  const [heard, hear] = useState(0);
  const [greeting, greet] = useState("");
  useEvent("workflow.progress", () => hear((count) => count + 1));
  useEvent("connection.established", ({ data }) => greet(data.connection_id));
  return (
    <main>
      <p id="status">{`${status} joined=${joined} complete=${complete}`}</p>
      <p id="progress">{String(state["workflow:w1"]?.data["progress"])}</p>
      <p id="counts">{`events=${events.length} heard=${heard}`}</p>
      <p id="connection">{greeting}</p>
    </main>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <RoomcastProvider client={client}>
      <Atlas />
    </RoomcastProvider>
  </StrictMode>,
);
