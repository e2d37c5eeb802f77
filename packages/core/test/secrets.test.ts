import { KuzzleSecurity } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"

describe("secrets", () => {
  it("are revealed in what is sent, wherever they stand in it; all else stays as it is", () => {
    const credentials = { password: Redacted.make("secret"), codes: ["1", Redacted.make("2")], quota: 3, note: null }
    const { body } = KuzzleSecurity.createCredentials.request({ _id: "ada", strategy: "other", credentials })
    assert.deepStrictEqual(body, { password: "secret", codes: ["1", "2"], quota: 3, note: null })
  })
})
