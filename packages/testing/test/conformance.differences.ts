/**
 * Where the embedded Kuzzle answers otherwise than the real one, and why it stays so: scenario, step, reason. A line
 * whose step has become the same makes the suite fail, so that the table stays true.
 */
export const differences: { readonly [scenario: string]: { readonly [step: string]: string } } = {
  "documents: changes to many": {
    "mExists none": "the real server's failure comes with what it had already: `result`, without its `successes`"
  },
  "documents: search and count": {
    "search {\"query\":{\"bool\":{\"must\":[],\"foo\":1}}} {}":
      "the column is where the field stands in the text that Kuzzle sends to Elasticsearch"
  },
  "server: info and routes": {
    "server:info": "there is no process, no machine and no plugin to tell about; the keys are the real ones",
    "server:publicApi": "shows the routes of the implemented actions only"
  },
  "realtime: subscriptions": {
    "subscribe {\"body\":{\"foo\":{\"bar\":1}}}":
      "same error id; the wording of the fault is KuzzleFilter's, not Koncorde's",
    "subscribe {\"body\":{\"equals\":{}}}": "same error id; the wording of the fault is KuzzleFilter's, not Koncorde's",
    "subscribe {\"body\":{\"equals\":{\"a\":1},\"exists\":\"b\"}}":
      "same error id; the wording of the fault is KuzzleFilter's, not Koncorde's",
    "subscribe {\"body\":{\"range\":{\"a\":{\"gt\":\"x\"}}}}":
      "same error id; the wording of the fault is KuzzleFilter's, not Koncorde's"
  }
}
