/** Declares `.vue` files for `tsc`, which does not read them. `vue-tsc` does. */
declare module "*.vue" {
  import type { Component } from "vue"
  const component: Component
  export default component
}
