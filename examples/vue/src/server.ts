/** Renders the page as HTML. This opens no connection: every store is in the state before its first value. */
import { createSSRApp } from "vue"
import { renderToString } from "vue/server-renderer"
import App from "./App.vue"

export const render = (): Promise<string> => renderToString(createSSRApp(App))
