import {createRoot} from "react-dom/client";
import {useFeed} from "./useFeed.js";

function App({base}) {
  const {messages, states, status} = useFeed(["eventos", "dashboard"], {base});
  return (
    <main>
      <p id="status">{status?.state}</p>
      <p id="count">{states.dashboard?.events}</p>
      <ul>{messages.map((message) => <li key={message.id}>{message.event?.title ?? message.type}</li>)}</ul>
    </main>
  );
}

const base = new URLSearchParams(location.search).get("base") ?? "";
createRoot(document.getElementById("root")).render(<App base={base} />);
