"use strict"

const assert = require("node:assert")
const net = require("node:net")
const test = require("node:test")
const { WebSocket } = require("ws")
const uWS = require("./index.js")

let port = 20000 + (process.pid % 20000)
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, (...args) => resolve(args)))

function start(t, behavior, handler) {
  const app = uWS.App()
  t.after(() => app.close())
  const at = ++port
  if (behavior) {
    app.ws("/*", behavior)
  }
  if (handler) {
    app.any("/*", handler)
  }
  return new Promise((resolve, reject) =>
    app.listen(at, (ok) => (ok ? resolve({ app, at }) : reject(new Error("listen"))))
  )
}

/* Sends a text, and resolves with everything received until the connection is closed. */
function raw(at, text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(at, "127.0.0.1", () => socket.write(text))
    let received = ""
    socket.on("data", (chunk) => (received += chunk))
    socket.on("close", () => resolve(received))
    socket.on("error", reject)
  })
}

test("http: status line, headers, duplicates, content-length", async (t) => {
  const { at } = await start(t, null, (res, req) => {
    const seen = {}
    req.forEach((name, value) => (seen[name] = value))
    const chunks = []
    res.onData((data, last) => {
      chunks.push(Buffer.from(data))
      if (!last) {
        return
      }
      res.cork(() => {
        res.writeStatus(Buffer.from("201"))
        res.writeHeader(Buffer.from("Connection"), Buffer.from("close"))
        res.writeHeader("Set-Cookie", "a=1")
        res.writeHeader("Set-Cookie", "b=2")
        const body = `${req.getMethod()} ${req.getUrl()} ${req.getQuery()} ${seen["x-a"]} ${Buffer.concat(chunks)}`
        assert.deepEqual(res.tryEnd(Buffer.from(body), body.length), [true, true])
      })
    })
    res.onAborted(() => assert.fail("aborted"))
  })
  const answer = await raw(
    at,
    "POST /p/q?x=1 HTTP/1.1\r\nHost: a\r\nX-A: v\r\nContent-Length: 5\r\n\r\nhello"
  )
  assert.match(
    answer,
    /^HTTP\/1\.1 201\r\nConnection: close\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: [^\r]+\r\nuWebSockets: 20\r\nContent-Length: 21\r\n\r\npost \/p\/q x=1 v hello$/
  )
})

test("http: end() without body read, abort, headers over 4096 bytes", async (t) => {
  let aborted = 0
  const { at } = await start(t, null, (res, req) => {
    if (req.getUrl() === "/hang") {
      res.onAborted(() => aborted++)
      return
    }
    res.writeStatus("413").end("too large")
  })
  const socket = net.connect(at, "127.0.0.1")
  socket.write("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
  await new Promise((r) => setTimeout(r, 50))
  socket.destroy()
  await new Promise((r) => setTimeout(r, 50))
  assert.equal(aborted, 1)

  const answer = await raw(
    at,
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
  )
  assert.match(answer, /^HTTP\/1\.1 413\r\nDate: .*\r\nuWebSockets: 20\r\nContent-Length: 9\r\n\r\ntoo large$/s)
  assert.match(
    await raw(at, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(5000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /
  )
})

test("http: an upgrade to something else is an ordinary request", async (t) => {
  const { at } = await start(t, { open() {} }, (res, req) => {
    res.onData((data, last) => last && res.end(req.getUrl()))
  })
  const answer = await raw(
    at,
    "GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" +
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
  )
  assert.match(answer, /\/h2cHTTP\/1\.1 200 OK/)
})

test("ws: upgrade, text, ping frames, publish, unsubscribe, end", async (t) => {
  const events = []
  let server
  const { app, at } = await start(t, {
    sendPingsAutomatically: false,
    idleTimeout: 60,
    upgrade: (res, req, context) => {
      const headers = {}
      req.forEach((name, value) => (headers[name] = value))
      res.upgrade(
        { headers, internal: {} },
        req.getHeader("sec-websocket-key"),
        req.getHeader("sec-websocket-protocol"),
        "",
        context
      )
    },
    open: (socket) => {
      server = socket
      events.push(["open", socket.headers.cookie, Buffer.from(socket.getRemoteAddressAsText()).toString()])
    },
    message: (socket, data, isBinary) => {
      assert.ok(data instanceof ArrayBuffer)
      events.push(["message", Buffer.from(data).toString(), isBinary])
      socket.cork(() => socket.send(Buffer.from("pong")))
    },
    close: (socket, code, message) => events.push(["close", code, Buffer.from(message).toString()])
  })
  const client = new WebSocket(`ws://127.0.0.1:${at}/x?y`, ["first", "second"], { headers: { cookie: "authToken=t" } })
  const [[response]] = await Promise.all([once(client, "upgrade"), once(client, "open")])
  assert.equal(response.headers.uwebsockets, "20")
  assert.equal(client.protocol, "first")
  client.ping("payload")
  assert.equal((await once(client, "pong"))[0].toString(), "payload")
  client.send("hello")
  const [data, isBinary] = await once(client, "message")
  assert.deepEqual([data.toString(), isBinary], ["pong", false])

  server.subscribe("t")
  assert.equal(app.publish("t", Buffer.from("news"), false), true)
  assert.equal((await once(client, "message"))[0].toString(), "news")
  server.unsubscribe("t")
  assert.equal(app.publish("t", "news", false), false)

  server.subscribe("t")
  server.end(1011, Buffer.from("bye"))
  assert.deepEqual(events.at(-1), ["close", 1011, "bye"])
  assert.equal(app.publish("t", "news", false), false)
  const [code, reason] = await once(client, "close")
  assert.deepEqual([code, reason.toString()], [1011, "bye"])
  assert.deepEqual(events, [
    ["open", "authToken=t", "127.0.0.1"],
    ["message", "hello", false],
    ["close", 1011, "bye"]
  ])
})

test("ws: too big, client close, client cut: codes on both sides", async (t) => {
  const closed = []
  const { at } = await start(t, {
    maxPayloadLength: 100,
    close: (socket, code, message) => closed.push([code, Buffer.from(message).toString()])
  })
  const open = async () => {
    const client = new WebSocket(`ws://127.0.0.1:${at}`)
    await once(client, "open")
    return client
  }

  let client = await open()
  client.on("error", () => {})
  client.send("x".repeat(101))
  assert.equal((await once(client, "close"))[0], 1006)

  client = await open()
  client.close(1000, "done")
  assert.equal((await once(client, "close"))[0], 1000)

  client = await open()
  client.terminate()
  await new Promise((r) => setTimeout(r, 50))
  assert.deepEqual(closed, [
    [1006, "Received too big message"],
    [1000, "done"],
    [1006, ""]
  ])
})

test("ws: idle timeout cuts without a close frame; pings and messages postpone it", async (t) => {
  const { at } = await start(t, { idleTimeout: 1, sendPingsAutomatically: false })
  const idle = new WebSocket(`ws://127.0.0.1:${at}`)
  const active = new WebSocket(`ws://127.0.0.1:${at}`)
  await Promise.all([once(idle, "open"), once(active, "open")])
  const timer = setInterval(() => active.ping(), 300)
  const begin = Date.now()
  assert.equal((await once(idle, "close"))[0], 1006)
  assert.ok(Date.now() - begin > 900)
  await new Promise((r) => setTimeout(r, 600))
  assert.equal(active.readyState, WebSocket.OPEN)
  clearInterval(timer)
  active.terminate()
})

test("getParts", () => {
  const body = [
    "--B",
    "Content-Disposition: form-data; name=\"a\"",
    "",
    "1",
    "--B",
    "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"",
    "Content-Type: text/plain",
    "",
    "l1\r\nl2",
    "--B--",
    ""
  ].join("\r\n")
  const parts = uWS.getParts(Buffer.from(body), "multipart/form-data; boundary=B")
  assert.deepEqual(
    parts.map((p) => ({ ...p, data: Buffer.from(p.data).toString() })),
    [
      { data: "1", name: "a" },
      { data: "l1\r\nl2", filename: "x.txt", name: "f", type: "text/plain" }
    ]
  )
  assert.equal(uWS.getParts(Buffer.from(body), "application/json"), undefined)
})
