import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"
import { sources } from "../../tests/setup/sources.ts"

export default defineConfig({
  plugins: [react()],
  // Resolves the packages to their sources in this repository. An application does not need it.
  resolve: { alias: sources }
})
