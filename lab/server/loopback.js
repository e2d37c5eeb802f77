"use strict"

/*
 * Keeps the sockets of Kuzzle's cluster on loopback. Kuzzle needs cluster mode:
 * with cluster.enabled=false every realtime:subscribe fails. In this mode it
 * listens on every interface, and announces an address other than loopback.
 *
 * All nodes of a cluster listen on the same ports, so each needs an address of
 * its own. Kuzzle sees node 2 at 10.0.0.2, but its sockets use 127.0.0.2.
 */

const os = require("node:os")
const zmq = require("zeromq")

const node = process.env.LAB_NODE ?? "1"

os.networkInterfaces = () => ({
  test: [{ address: `10.0.0.${node}`, family: "IPv4", internal: false, mac: `02:00:00:00:00:0${node}` }]
})

const onLoopback = (Socket) =>
  class extends Socket {
    bind(address) {
      return super.bind(address.replace("tcp://*:", `tcp://127.0.0.${node}:`))
    }
    connect(address) {
      return super.connect(address.replace("tcp://10.0.0.", "tcp://127.0.0."))
    }
  }

// When Kuzzle requires the module later, it receives these classes.
require.cache[require.resolve("zeromq")].exports = {
  ...zmq,
  Publisher: onLoopback(zmq.Publisher),
  Reply: onLoopback(zmq.Reply),
  Request: onLoopback(zmq.Request),
  Subscriber: onLoopback(zmq.Subscriber)
}
