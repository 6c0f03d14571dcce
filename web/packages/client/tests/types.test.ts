// The types of the events: checked by `tsc`, which reads this file, too.
import type { Socket } from "socket.io-client";
import { describe, expectTypeOf, it } from "vitest";
import type { ClientToServerEvents, EventOf, EventTypes, ServerToClientEvents } from "../src/index.js";
import { createClient } from "../src/index.js";
import { overSocketio } from "../src/socketio.js";

interface DeployFinished {
  readonly service: string;
}

// As `roomcast types --own` writes it.
declare module "@roomcast/client" {
  interface EventTypes {
    "deploy.finished": DeployFinished;
  }
}

describe("types", () => {
  it("give each event its data", () => {
    expectTypeOf<EventOf<"workflow.progress">["data"]["progress"]>().toEqualTypeOf<number>();
    expectTypeOf<EventOf<"workflow.progress">["data"]["project_id"]>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<EventOf<"clock.ticked">["data"]>().toEqualTypeOf<Readonly<Record<string, unknown>>>();
    expectTypeOf<EventTypes["deploy.finished"]>().toEqualTypeOf<DeployFinished>();
    expectTypeOf<EventOf<"deploy.finished">["data"]>().toEqualTypeOf<DeployFinished>();
  });

  it("fit socket.io-client, and such a socket fits the client", () => {
    type Typed = Socket<ServerToClientEvents, ClientToServerEvents>;
    const use = (socket: Typed): void => {
      socket.on("workflow.progress", ({ data }) => expectTypeOf(data.progress).toEqualTypeOf<number>());
      socket.on("connection_error", ({ data }) => expectTypeOf(data.error_code).toEqualTypeOf<string>());
      socket.emit("subscribe", { room: "project:atlas" }, (reply) => {
        if (reply.status === "success") expectTypeOf(reply.room).toEqualTypeOf<string>();
      });
      // @ts-expect-error  such a command is not there
      socket.emit("publish", {});
      createClient({ transport: overSocketio(socket) });
    };
    expectTypeOf(use).toBeFunction();
  });
});
