// A frontend of the old server: its hook and its component, as they are.
import React, { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { io } from "socket.io-client";

function useProjectUpdates(url, projectId, token) {
  const [state, setState] = useState({ user: "", project: "", progress: "", agents: {} });
  useEffect(() => {
    const socket = io(url, {
      auth: { token },
      reconnection: true,
      reconnectionDelay: 1000,
      reconnectionAttempts: 5,
    });
    const put = (change) => setState((current) => ({ ...current, ...change }));
    socket.on("connection_established", ({ data }) => put({ user: data.user_id }));
    socket.on("connect", () => {
      socket.emit("subscribe", { room: `project:${projectId}` }, ({ status }) => put({ joined: status }));
    });
    socket.on("project.updated", ({ data }) => put({ project: data.project_name }));
    socket.on("workflow.progress", ({ data }) => put({ progress: `${data.progress}%` }));
    socket.on("agent.status_changed", ({ data }) =>
      setState((current) => ({ ...current, agents: { ...current.agents, [data.agent_name]: data.status } })),
    );
    return () => socket.disconnect();
  }, [url, projectId, token]);
  return state;
}

function Dashboard({ url, projectId, token }) {
  const { user, joined, project, progress, agents } = useProjectUpdates(url, projectId, token);
  return (
    <main>
      <p id="user">{user}</p>
      <p id="joined">{joined}</p>
      <p id="project">{project}</p>
      <p id="progress">{progress}</p>
      <ul id="agents">
        {Object.entries(agents).map(([name, status]) => (
          <li key={name}>{`${name} is ${status}`}</li>
        ))}
      </ul>
    </main>
  );
}

const given = new URLSearchParams(location.search);
createRoot(document.getElementById("root")).render(
  <Dashboard url={given.get("url")} projectId={given.get("project")} token={given.get("token")} />,
);
