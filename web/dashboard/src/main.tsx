// The page: reads the link that opened it, takes the token out of the address bar, and shows the app.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { takeLink } from "./session/address.js";
import "./style.css";

const link = takeLink();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App link={link} />
    </StrictMode>,
  );
}
