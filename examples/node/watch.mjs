// node watch.mjs http://127.0.0.1:8000 eventos          (a token, if the server wants one, in FASTTRACK_TOKEN)
import {connect} from "fasttrack-client";

const [base, ...feeds] = process.argv.slice(2);
const token = process.env.FASTTRACK_TOKEN;

const feed = connect(feeds, {
  base,
  ...(token && {token: () => token}),
  onMessage: (message) => console.log(JSON.stringify(message)),
  onState: (state) => console.log(JSON.stringify(state)),
  onStatus: ({state, transport, reason}) => console.error(state, transport, reason ?? ""),
});
process.once("SIGINT", () => feed.close());
