"use strict"

/*
 * Kuzzle's cluster mode cannot be left out (with cluster.enabled=false every
 * realtime:subscribe fails) and always listens on every interface, under an
 * address that is not a loopback one. Keep its sockets on loopback.
 *
 * The nodes of a cluster dial each other at their own ports, so each has an
 * address of its own: node 2 is 10.0.0.2 to Kuzzle, and 127.0.0.2 in truth.
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

// Kuzzle requires the module after this, and gets these classes
require.cache[require.resolve("zeromq")].exports = {
  ...zmq,
  Publisher: onLoopback(zmq.Publisher),
  Reply: onLoopback(zmq.Reply),
  Request: onLoopback(zmq.Request),
  Subscriber: onLoopback(zmq.Subscriber)
}
