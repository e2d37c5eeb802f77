/**
 * Histories in which a client once broke a promise. A seed gives the same history only while nothing changes that draws from
 * it. After such a change, the seed is searched for again or removed. The bug also has a test beside the code.
 */
export const seeds: ReadonlyArray<{ readonly seed: number; readonly failure: string }> = [
  { seed: 4, failure: "S1: a token is revoked elsewhere, and its subscriptions are never restored" },
  {
    seed: 5,
    failure: "R3, R5: the replay continues during a renewal, and a request that waits to be resent fails as not sent"
  },
  { seed: 14, failure: "A1: a subscribe carries a token that is known to have expired" },
  { seed: 24, failure: "C6: a stable connection that is closed on purpose does not reset the backoff" },
  { seed: 73, failure: "S4: a gap that is dropped from a full buffer counts as a lost notification" },
  { seed: 135, failure: "S1: a subscribe that is refused for the token of a user who has logged out ends its stream" },
  { seed: 453, failure: "S5: an unsubscribe that is refused for a dead token counts as executed" },
  {
    seed: 1963,
    failure: "R5: the client is ready while its session is still being renewed, and waiting requests are not sent"
  },
  { seed: 5317, failure: "O9: a clock that is set back by an hour delays the outbox by an hour" },
  { seed: 5366, failure: "O6: a request is withdrawn as unsent although another client has sent it meanwhile" },
  { seed: 8055, failure: "S5: a subscribe that is answered just before it would be resent is resent" },
  {
    seed: 8832,
    failure: "S1: an unsubscribe that was sent twice and executed after its deadline silently ends a newer subscription"
  },
  {
    seed: 11_874,
    failure: "S5: a subscribe that was sent twice and answered after its deadline leaves a room open"
  },
  { seed: 13_288, failure: "S1: after a logout whose connection is lost, the next connection has no subscriptions" },
  {
    seed: 749,
    failure:
      "O4: a session by cookie that the server has refused and then names again counts as logged out, so requests of nobody " +
      "are sent with the cookie"
  },
  {
    seed: 502_851,
    failure:
      "T1: a login that is executed after its deadline ends a session whose token is alive, as soon as its own token expires"
  },
  {
    seed: 113_164_654,
    failure: "A1: a request that is made while the connection is reopened for a user is sent as another user"
  },
  { seed: 777_002_297, failure: "L1: a fiber that is forked while the client closes does not end" }
]
