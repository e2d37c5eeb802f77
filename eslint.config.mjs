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

const neutral = "core runs on every runtime: use this global in a platform package"
const noNodeModules = {
  group: ["node:*", "ws", "undici", "@effect/platform-node*"],
  message: "this code runs in browsers, which have no Node module"
}
const noInternals = {
  group: ["@effect-kuzzle/*/internal/*", "@effect-kuzzle/*/src/*", "@effect-kuzzle/*/dist/*"],
  message: "published packages do not export their internal modules"
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
    // A method that is passed without its object fails only at run time. Core has many classes.
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
      // `interface X extends Y {}` names a type. `{} extends Options` tests whether all options are optional.
      "@typescript-eslint/no-empty-object-type": ["error", {
        allowInterfaces: "with-single-extends",
        allowObjectTypes: "always"
      }],
      // A type and its companion value have the same name, as in Effect.
      "no-redeclare": "off",
      "@typescript-eslint/no-namespace": "off",
      // An `Effect.gen` may contain no `yield*`.
      "require-yield": "off",
      "@typescript-eslint/no-restricted-imports": ["error", { patterns: [noInternals] }]
    }
  },
  {
    // Kuzzle loads these modules by `require`, or they load modules of Kuzzle, so they are CommonJS.
    files: ["lab/server/**/*.js", "lab/uws-shim/**/*.js"],
    rules: { "@typescript-eslint/no-require-imports": "off" }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-console": "error",
      // With imports by module, no bundle contains unused modules, whatever the bundler can do.
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
          message: "core does not depend on the other packages"
        }]
      }],
      "no-restricted-globals": ["error", ...restrict([...browserGlobals, ...nodeGlobals, ...timers], neutral)],
      "no-restricted-syntax": ["error", ...restrictMembers([...browserGlobals, ...nodeGlobals, ...timers], neutral)]
    }
  },
  {
    // Only this module uses timers. A sleeping fiber for each connection would cost four times as much.
    files: ["packages/core/src/internal/services/timer.ts"],
    rules: {
      "no-restricted-globals": ["error", ...restrict([...browserGlobals, ...nodeGlobals], neutral)],
      "no-restricted-syntax": ["error", ...restrictMembers([...browserGlobals, ...nodeGlobals], neutral)]
    }
  },
  {
    // Pure modules get the time and random numbers as arguments.
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
        { object: "Math", property: "random", message: "a random number is an argument" },
        { object: "crypto", property: "randomUUID", message: "a random number is an argument" }
      ]
    }
  },
  {
    files: ["packages/browser/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": ["error", { patterns: [noInternals, noNodeModules] }],
      "no-restricted-globals": [
        "error",
        ...restrict(nodeGlobals, "this code runs in browsers, which do not have this global")
      ]
    }
  }
)
