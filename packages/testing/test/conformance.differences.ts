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

const lab = "set by the lab, or by whoever starts a server"
const machine = "the machine's (serverController.js, `info`: `process` and `os`)"
const storageInfo = "the machine's (elasticsearch.js, `info`: the statistics of Elasticsearch's cluster)"
const cacheInfo = "the machine's (redis.js, `info`: Redis's own INFO)"

const ofCache = (name: string) => ({
  [`result/serverInfo/services/${name}/memoryPeak`]: cacheInfo,
  [`result/serverInfo/services/${name}/memoryUsed`]: cacheInfo
})

const ofStorage = (name: string) => ({
  [`result/serverInfo/services/${name}/status`]: storageInfo,
  [`result/serverInfo/services/${name}/spaceUsed`]: storageInfo,
  [`result/serverInfo/services/${name}/nodes`]: storageInfo
})

const ofConfiguredCache = (name: string) => ({
  [`result/services/${name}/node`]: lab,
  [`result/services/${name}/options`]: lab
})

/** What is not compared of an answer, by its path, and why. */
export const hidden = {
  info: {
    "result/serverInfo/kuzzle/application": lab,
    "result/serverInfo/kuzzle/memoryUsed": machine,
    "result/serverInfo/kuzzle/nodeVersion": machine,
    "result/serverInfo/kuzzle/system/cpus": machine,
    "result/serverInfo/kuzzle/system/memory": machine,
    "result/serverInfo/kuzzle/uptime": machine,
    ...ofCache("internalCache"),
    ...ofCache("memoryStorage"),
    ...ofStorage("internalStorage"),
    ...ofStorage("publicStorage")
  },
  capabilities: { "result/limits/loginsPerSecond": lab },
  getConfig: {
    "result/limits/loginsPerSecond": lab,
    "result/server/port": lab,
    "result/cluster/ports": lab,
    ...ofConfiguredCache("internalCache"),
    ...ofConfiguredCache("memoryStorage"),
    "result/services/storageEngine/client": lab,
    "result/internal/hash/seed": "what room ids derive from: the engine's own `seed`",
    "result/_": "arguments of the command line (rc, which Kuzzle reads its configuration with)",
    "result/config": "the file that the configuration was read from (rc)",
    "result/configs": "the files that the configuration was read from (rc)"
  },
  nodeVersion: { result: machine }
}
