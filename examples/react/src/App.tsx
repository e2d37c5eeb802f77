import { useState } from "react"
import { type Row, withWrites } from "../../rides/src/rides.ts"
import * as Stores from "../../rides/src/stores.ts"
import { useStore } from "./useStore.ts"

const Connection = () => {
  const snapshot = useStore(Stores.connection)
  return (
    <span className="connection" data-state={snapshot._tag === "Value" ? snapshot.value._tag : snapshot._tag}>
      {Stores.connectionText(snapshot)}
    </span>
  )
}

const People = () => {
  const people = useStore(Stores.people)
  return (
    <ul className="people" aria-label="Who is there">
      {people._tag === "Value"
        && people.value.map(({ id, name }, i) => <li key={id}>{i === 0 ? `${name} (you)` : name}</li>)}
    </ul>
  )
}

/** Runs an action of the user, and shows its error. */
type Act = (action: () => Promise<unknown>) => void

const Order = ({ act }: { readonly act: Act }) => {
  const [place, setPlace] = useState("")
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        act(() => Stores.order(place))
        setPlace("")
      }}
    >
      <input
        aria-label="Place"
        placeholder="Where to pick up?"
        required
        value={place}
        onChange={(event) => setPlace(event.target.value)}
      />
      <button>Order</button>
    </form>
  )
}

const Ride = ({ act, row }: { readonly act: Act; readonly row: Row }) => (
  <li data-id={row._id} data-status={row.status} data-waits={row.waits}>
    <div>
      <strong>{row.place}</strong>
      <span>ordered by {row.by}{row.status === "taken" && " · taken"}</span>
    </div>
    {row.waits && <em>waits to be sent</em>}
    {row.status === "waiting" && (
      <button
        onClick={() =>
          act(() => Stores.take(row._id))}
      >
        Take
      </button>
    )}
  </li>
)

const Rides = ({ act }: { readonly act: Act }) => {
  const rides = useStore(Stores.rides)
  const writes = useStore(Stores.writes)
  const rows = withWrites(rides._tag === "Value" ? rides.value : [], writes._tag === "Value" ? writes.value : [])
  return (
    <>
      {rides._tag === "Pending" && <p className="note">Reading the rides …</p>}
      {rides._tag === "Failure" && (
        <ul className="problems">
          <li role="alert">{rides.error.message}</li>
        </ul>
      )}
      <ul className="rides">
        {rows.map((row) => <Ride key={row._id} act={act} row={row} />)}
      </ul>
    </>
  )
}

const Reports = ({ act }: { readonly act: Act }) => {
  const reports = useStore(Stores.reports)
  return (
    <ul className="problems">
      {reports._tag === "Value" && reports.value.map((report) => (
        <li key={report.seq}>
          <span>{Stores.reportText(report)}</span>
          {report.entry !== undefined && (
            <button onClick={() => act(() => Stores.sendAgain(report))}>Send again</button>
          )}
          <button onClick={() => act(() => Stores.dismiss(report))}>Dismiss</button>
        </li>
      ))}
    </ul>
  )
}

export const App = () => {
  const [problem, setProblem] = useState<string>()
  const act: Act = (action) => {
    setProblem(undefined)
    action().catch((error: unknown) => setProblem(String(error)))
  }
  return (
    <>
      <header>
        <h1>Rides</h1>
        <Connection />
      </header>
      <People />
      <Order act={act} />
      {problem !== undefined && (
        <ul className="problems">
          <li role="alert">{problem}</li>
        </ul>
      )}
      <Reports act={act} />
      <Rides act={act} />
    </>
  )
}
