import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"
import { sources } from "../../tests/setup/sources.ts"

export default defineConfig({
  plugins: [react()],
  // Only in this repository: the packages are their sources.
  resolve: { alias: sources }
})
