"use strict"

/*
 * Kuzzle's cluster mode cannot be left out (with cluster.enabled=false every
 * realtime:subscribe fails) and always listens on every interface, under an
 * address that is not a loopback one. Keep its sockets on loopback.
 */

const os = require("node:os")
const zmq = require("zeromq")

os.networkInterfaces = () => ({
  test: [{ address: "10.0.0.1", family: "IPv4", internal: false, mac: "02:00:00:00:00:01" }]
})

const onLoopback = (Socket) =>
  class extends Socket {
    bind(address) {
      return super.bind(address.replace("tcp://*:", "tcp://127.0.0.1:"))
    }
  }

// Kuzzle requires the module after this, and gets these classes
require.cache[require.resolve("zeromq")].exports = {
  ...zmq,
  Publisher: onLoopback(zmq.Publisher),
  Reply: onLoopback(zmq.Reply)
}
