import effect from "@effect/eslint-plugin"
import tseslint from "typescript-eslint"
import { floors } from "./scripts/eslint/floors.mjs"
import { documentedExports, reasonedAssertion } from "./scripts/eslint/rules.mjs"

const house = {
  rules: { floors, "reasoned-assertion": reasonedAssertion, "documented-exports": documentedExports }
}

const browserGlobals = [
  "window",
  "self",
  "document",
  "navigator",
  "location",
  "localStorage",
  "sessionStorage",
  "WebSocket",
  "EventSource",
  "XMLHttpRequest",
  "fetch",
  "Worker"
]
const nodeGlobals = [
  "process",
  "Buffer",
  "global",
  "require",
  "module",
  "__dirname",
  "__filename",
  "setImmediate",
  "clearImmediate"
]
const timers = ["setTimeout", "setInterval", "clearTimeout", "clearInterval"]

const restrict = (names, message) => names.map((name) => ({ name, message }))
const restrictMembers = (names, message) => [{
  selector: `MemberExpression[object.name="globalThis"][property.name=/^(${names.join("|")})$/]`,
  message
}]

const neutral = "core runs everywhere: the platform packages bind what a runtime has"
const noNodeModules = {
  group: ["node:*", "ws", "undici", "@effect/platform-node*"],
  message: "not in a browser: no Node module here"
}
const noInternals = {
  group: ["@effect-kuzzle/*/internal/*", "@effect-kuzzle/*/src/*", "@effect-kuzzle/*/dist/*"],
  message: "internal modules are not exported from the published package"
}

export default tseslint.config(
  {
    ignores: [
      "**/dist",
      "**/node_modules",
      "packages/*/docs",
      "docs/reference/api",
      "docs/.vitepress/{cache,dist}",
      "**/coverage",
      ".tmp",
      "build",
      "**/*.effect4.ts",
      "**/*.d.ts"
    ]
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  ...tseslint.configs.recommended,
  ...effect.configs.dprint,
  {
    files: ["**/*.{ts,tsx,mts,mjs,js}"],
    plugins: { house },
    rules: {
      "@effect/dprint": ["error", {
        config: {
          indentWidth: 2,
          lineWidth: 120,
          semiColons: "asi",
          quoteStyle: "alwaysDouble",
          trailingCommas: "never",
          operatorPosition: "maintain",
          "arrowFunction.useParentheses": "force"
        }
      }],
      "object-shorthand": "error",
      "no-var": "error",
      "prefer-const": "error",
      "eqeqeq": "error",
      "no-empty": ["error", { allowEmptyCatch: false }]
    }
  },
  {
    // The machines of the core are classes: a method that is passed without its object fails only when it runs.
    files: ["packages/*/src/**/*.ts"],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    rules: { "house/floors": "error", "@typescript-eslint/unbound-method": "error" }
  },
  {
    files: ["**/*.{ts,tsx}"],
    rules: {
      "house/reasoned-assertion": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", {
        fixStyle: "separate-type-imports",
        disallowTypeAnnotations: false
      }],
      "@typescript-eslint/array-type": ["error", { default: "generic", readonly: "generic" }],
      "@typescript-eslint/no-unused-vars": ["error", {
        argsIgnorePattern: "^_",
        varsIgnorePattern: "^_",
        caughtErrorsIgnorePattern: "^_",
        destructuredArrayIgnorePattern: "^_",
        ignoreRestSiblings: true
      }],
      "@typescript-eslint/ban-ts-comment": ["error", { "ts-expect-error": "allow-with-description" }],
      // `interface X extends Y {}` names a type; `{} extends Options` asks whether all options may be left out.
      "@typescript-eslint/no-empty-object-type": ["error", {
        allowInterfaces: "with-single-extends",
        allowObjectTypes: "always"
      }],
      // A type and its companion value share a name, as everywhere in Effect.
      "no-redeclare": "off",
      "@typescript-eslint/no-namespace": "off",
      // Generators that never yield are Effects that happen to need nothing.
      "require-yield": "off",
      "@typescript-eslint/no-restricted-imports": ["error", { patterns: [noInternals] }]
    }
  },
  {
    // Kuzzle requires them, or its modules: they are CommonJS.
    files: ["lab/server/**/*.js", "lab/uws-shim/**/*.js"],
    rules: { "@typescript-eslint/no-require-imports": "off" }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-console": "error",
      // Per-module imports: what is not used never reaches a bundle, whatever the bundler knows.
      "@effect/no-import-from-barrel-package": ["error", {
        packageNames: [
          "effect",
          "@effect/platform",
          "@effect/platform-node",
          "@effect/platform-browser",
          "@effect-kuzzle/core"
        ]
      }]
    }
  },
  {
    files: ["packages/*/src/*.ts"],
    ignores: ["packages/*/src/index.ts"],
    rules: { "house/documented-exports": "error" }
  },
  {
    files: ["packages/core/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": ["error", {
        patterns: [noInternals, noNodeModules, {
          group: ["@effect-kuzzle/*"],
          message: "core depends on no other package"
        }]
      }],
      "no-restricted-globals": ["error", ...restrict([...browserGlobals, ...nodeGlobals, ...timers], neutral)],
      "no-restricted-syntax": ["error", ...restrictMembers([...browserGlobals, ...nodeGlobals, ...timers], neutral)]
    }
  },
  {
    // The shell may hold a timer: a fiber that sleeps per connection costs four times as much.
    files: ["packages/core/src/internal/services/timer.ts", "packages/core/src/internal/runtime/tick.ts"],
    rules: {
      "no-restricted-globals": ["error", ...restrict([...browserGlobals, ...nodeGlobals], neutral)],
      "no-restricted-syntax": ["error", ...restrictMembers([...browserGlobals, ...nodeGlobals], neutral)]
    }
  },
  {
    // Pure: time and chance are arguments.
    files: ["packages/core/src/internal/{data,protocol}/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...restrictMembers([...browserGlobals, ...nodeGlobals, ...timers], neutral),
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "time is an argument" }
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "time is an argument" },
        { object: "performance", property: "now", message: "time is an argument" },
        { object: "Math", property: "random", message: "chance is an argument" },
        { object: "crypto", property: "randomUUID", message: "chance is an argument" }
      ]
    }
  },
  {
    files: ["packages/browser/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": ["error", { patterns: [noInternals, noNodeModules] }],
      "no-restricted-globals": ["error", ...restrict(nodeGlobals, "not in a browser")]
    }
  }
)
