/** Renders the page as HTML. This opens no connection: every store is in the state before its first value. */
import { StrictMode } from "react"
import { renderToString } from "react-dom/server"
import { App } from "./App.tsx"

export const render = (): string =>
  renderToString(
    <StrictMode>
      <App />
    </StrictMode>
  )
