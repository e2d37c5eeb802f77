/** The explanations of Node's errors that no server of a test can cause. */
import { KuzzleSocket } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "../src/internal/fault.ts"

const withCode = (code: string, message = "some words", more: object = {}) =>
  Object.assign(new Error(message), { code, ...more })

describe("a fault of the network", () => {
  it.each([
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /not trusted.*tls\.ca.*NODE_EXTRA_CA_CERTS/],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", /not trusted.*tls\.ca.*NODE_EXTRA_CA_CERTS/],
    ["SELF_SIGNED_CERT_IN_CHAIN", /private authority.*tls\.ca.*NODE_EXTRA_CA_CERTS/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /self-signed.*tls\.ca.*NODE_EXTRA_CA_CERTS/],
    ["CERT_HAS_EXPIRED", /expired: renew it/],
    ["CERT_NOT_YET_VALID", /not valid yet: correct the clock/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /another host.*tls\.servername/]
  ])(
    "C7: %s: the error says what is wrong with the certificate, and names the setting or the remedy",
    (code, expected) => {
      const fault = Fault.of("wss://a/", withCode(code))
      assert.strictEqual(fault?.reason, "Tls")
      assert.match(fault?.issue ?? "", expected)
      assert.include(fault?.issue ?? "", "(some words)")
    }
  )

  it("C7: the error says that the server requires a client certificate", () => {
    const { issue, reason } = Fault.of(
      "wss://a/",
      withCode(
        "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "80AC:error:0A00045C:SSL:tlsv13 alert certificate required:"
      )
    ) ?? assert.fail()
    assert.deepStrictEqual({ issue, reason }, {
      reason: "Tls",
      issue: "the server demands a client certificate: pass it in the settings tls.cert and tls.key"
    })
  })

  it("other errors of OpenSSL have the reason that OpenSSL gives", () => {
    const error = withCode("ERR_SSL_NO_PROTOCOLS", "80AC:error:0A0000BF:ssl/x.c", { reason: "no protocols available" })
    assert.strictEqual(Fault.of("wss://a/", error)?.issue, "TLS failed (no protocols available)")
  })

  it("for a host with several addresses, the error is that of the first", () => {
    const both = new AggregateError([withCode("ECONNREFUSED", "connect ECONNREFUSED ::1:1"), withCode("ECONNREFUSED")])
    assert.include(Fault.of("ws://localhost/", both)?.issue ?? "", "nothing listens there")
    assert.include(Fault.of("ws://localhost/", both)?.issue ?? "", "::1:1")
  })

  it("if a connection ends without an answer, the error suggests the other scheme, but only for a plain address", () => {
    assert.include(Fault.of("ws://a/", withCode("ECONNRESET"))?.issue ?? "", "use wss://")
    assert.notInclude(Fault.of("https://a/", withCode("UND_ERR_SOCKET"))?.issue ?? "", "use ws")
  })

  it("an explained error stays as it is; an unknown one is not explained", () => {
    const known = new KuzzleSocket.DialError({ reason: "Proxy", issue: "it says no" })
    assert.strictEqual(Fault.of("ws://a/", known), known)
    assert.isUndefined(Fault.of("ws://a/", new Error("odd")))
    assert.isUndefined(Fault.of("ws://a/", "odd"))
  })
})
