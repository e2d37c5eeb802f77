/** The elements of the page: functions that update them, and streams of the user's actions. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { Stream } from "effect"

export interface Row {
  readonly _id: string
  readonly driver: string
  readonly status: "free" | "busy"
  readonly seats: number
}

const element = <E extends HTMLElement>(id: string, type: new() => E): E => {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`)
  return element
}

const connection = element("connection", HTMLElement)
const loginForm = element("login", HTMLFormElement)
const boardSection = element("board", HTMLElement)
const list = element("taxis", HTMLUListElement)
const user = element("user", HTMLElement)
const logout = element("logout", HTMLButtonElement)
const freeBox = element("only-free", HTMLInputElement)
const total = element("total", HTMLElement)
const error = element("error", HTMLElement)

// ---- actions of the user --------------------------------------------------------------------------------------------

export const logins = Stream.map(Stream.fromEventListener(loginForm, "submit"), () => {
  const entries = new FormData(loginForm)
  error.textContent = ""
  return { username: String(entries.get("username")), password: String(entries.get("password")) }
})

export const logouts = Stream.fromEventListener(logout, "click")

export const onlyFree = Stream.concat(
  Stream.sync(() => freeBox.checked),
  Stream.map(Stream.fromEventListener(freeBox, "change"), () => freeBox.checked)
)

/** The ids of the taxis that the user hails. */
export const hails = Stream.mapConcat(Stream.fromEventListener<Event>(list, "click"), ({ target }) => {
  const id = target instanceof HTMLButtonElement ? target.closest("li")?.dataset["id"] : undefined
  return id === undefined ? [] : [id]
})

// ---- updates of the page --------------------------------------------------------------------------------------------

export const showConnection = (state: Kuzzle.ConnectionState): void => {
  connection.dataset["state"] = state._tag
  connection.textContent = state._tag === "Ready"
    ? "connected"
    : state._tag === "Waiting"
    ? state.online ? "connection lost, trying again" : "no network"
    : state._tag === "Failed"
    ? "no connection"
    : "connecting"
}

export const showLogin = (): void => {
  boardSection.hidden = true
  user.textContent = ""
  logout.hidden = true
  loginForm.hidden = false
  list.replaceChildren()
}

export const showBoard = (kuid: string): void => {
  error.textContent = ""
  loginForm.hidden = true
  boardSection.hidden = false
  user.textContent = kuid
  logout.hidden = false
}

export const showError = (message: string): void => {
  error.textContent = message
}

/** Keeps the elements of the taxis that remain, so that CSS animates a change of status as a change of colour. */
export const showRows = (rows: ReadonlyArray<Row>): void => {
  const known = new Map(Array.from(list.children, (item) => [item.getAttribute("data-id"), item]))
  const sorted = [...rows].sort((a, b) => a.driver.localeCompare(b.driver))
  list.replaceChildren(...sorted.map((row) => known.get(row._id) ?? newItem(row)))
  sorted.forEach((row, i) => list.children[i]?.setAttribute("data-status", row.status))
  const free = rows.filter(({ status }) => status === "free").length
  total.textContent = `${free} free${freeBox.checked ? "" : ` of ${rows.length}`}`
}

const newItem = ({ _id, driver, seats }: Row): HTMLLIElement => {
  const item = document.createElement("li")
  item.dataset["id"] = _id
  const name = document.createElement("strong")
  name.textContent = driver
  const note = document.createElement("span")
  note.textContent = `${seats} seats`
  const hail = document.createElement("button")
  hail.textContent = "Hail"
  item.append(name, note, hail)
  return item
}
