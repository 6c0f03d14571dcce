// The page: reads the link that opened it, takes the token out of the address bar, and shows the app.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { addressOf, readLink } from "./session/link.js";
import "./style.css";

const link = readLink(location.hash);
if (link.token) history.replaceState(null, "", addressOf(location.pathname, link.projects));

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App token={link.token} projects={link.projects} />
    </StrictMode>,
  );
}
