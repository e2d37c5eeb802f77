/** The reference: one page for each public module, written from its doc comments. */
export default {
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: ["../packages/*/src/*.ts"],
  exclude: ["**/index.ts", "**/bin.ts", "**/internal/**"],
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  tsconfig: "../tsconfig.json",
  // `pnpm check` finds type errors.
  skipErrorChecking: true,
  out: "./reference/api",
  router: "module",
  name: "effect-kuzzle",
  readme: "none",
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  pageTitleTemplates: { module: ({ name }) => name.split("/").at(-1) },
  categorizeByGroup: false,
  excludeTags: ["@since"],
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  propertyMembersFormat: "table",
  typeDeclarationFormat: "table",
  useCodeBlocks: true,
  useHTMLEncodedBrackets: true,
  sanitizeComments: true
}
