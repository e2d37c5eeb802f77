/** A page whose list comes and goes while the client is connected: what StrictMode and unmounting do to the network. */
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
  const [shown, show] = useState(false)
  const [visit, setVisit] = useState(0)
  const connection = useStore(Stores.connection)
  return (
    <>
      <p>{Stores.connectionText(connection)}</p>
      <button onClick={() => show(!shown)}>toggle</button>
      <button onClick={() => setVisit(visit + 1)}>another page</button>
      {shown && <List key={visit} />}
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
