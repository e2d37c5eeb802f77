import vue from "@vitejs/plugin-vue"
import { defineConfig } from "vite"
import { sources } from "../../tests/setup/sources.ts"

export default defineConfig({
  plugins: [vue()],
  // Only in this repository: the packages are their sources.
  resolve: { alias: sources }
})
