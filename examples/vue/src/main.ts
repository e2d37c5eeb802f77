import { createApp } from "vue"
import "../../rides/src/style.css"
import App from "./App.vue"

createApp(App).mount("#app")
