import "./app/library-styles.ts";
import "./app/global.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no root element");
createRoot(root).render(<App />);
