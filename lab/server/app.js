"use strict"

// The real Kuzzle server, without any application code.
require("./loopback")
const { Backend } = require("kuzzle")

const begin = Date.now()
const app = new Backend("interop")

app.version = "1.0.0"
app
  .start()
  .then(() => {
    const mb = Math.round(process.memoryUsage().rss / 1048576)
    console.log(`READY after ${Date.now() - begin} ms, ${mb} MB`)
  })
  .catch((error) => {
    console.error(error)
    process.exit(1)
  })
