import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import "../../rides/src/style.css"
import { App } from "./App.tsx"

const container = document.getElementById("app")
if (container === null) throw new Error("the page has no #app")

createRoot(container).render(
  <StrictMode>
    <App />
  </StrictMode>
)
