import vue from "@vitejs/plugin-vue"
import { defineConfig } from "vite"
import { sources } from "../../tests/setup/sources.ts"

export default defineConfig({
  plugins: [vue()],
  // Resolves the packages to their sources in this repository. An application does not need it.
  resolve: { alias: sources }
})
