/** A page whose list can be hidden while the client is connected, to test what StrictMode and unmounting send. */
import { StrictMode, useState } from "react"
import { createRoot } from "react-dom/client"
import * as Stores from "../../rides/src/stores.ts"
import { useStore } from "../src/useStore.ts"

const List = () => {
  const rides = useStore(Stores.rides)
  return (
    <ul data-tag={rides._tag}>{rides._tag === "Value" && rides.value.map(({ _id }) => <li key={_id}>{_id}</li>)}</ul>
  )
}

const Page = () => {
  const [isVisible, setVisible] = useState(false)
  const [visit, setVisit] = useState(0)
  const connection = useStore(Stores.connection)
  return (
    <>
      <p>{Stores.connectionText(connection)}</p>
      <button onClick={() => setVisible(!isVisible)}>toggle</button>
      <button onClick={() => setVisit(visit + 1)}>another page</button>
      {isVisible && <List key={visit} />}
    </>
  )
}

const container = document.getElementById("app")
if (container === null) throw new Error("the page has no #app")

createRoot(container).render(
  <StrictMode>
    <Page />
  </StrictMode>
)
