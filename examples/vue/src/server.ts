/** The page as HTML. Rendering it opens no connection: every store shows what it shows before its first value. */
import { createSSRApp } from "vue"
import { renderToString } from "vue/server-renderer"
import App from "./App.vue"

export const render = (): Promise<string> => renderToString(createSSRApp(App))
