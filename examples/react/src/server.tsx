/** The page as HTML. Rendering it opens no connection: every store shows what it shows before its first value. */
import { StrictMode } from "react"
import { renderToString } from "react-dom/server"
import { App } from "./App.tsx"

export const render = (): string =>
  renderToString(
    <StrictMode>
      <App />
    </StrictMode>
  )
