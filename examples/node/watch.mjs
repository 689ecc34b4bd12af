// node watch.mjs http://127.0.0.1:8000 eventos          (a token, if the server wants one, in FASTTRACK_TOKEN)
import {existsSync, readFileSync, writeFileSync} from "node:fs";
import {connect} from "fasttrack-client";

const [base, ...feeds] = process.argv.slice(2);
const file = "watch.cursor"; // where this run ends, and the next one goes on

const feed = connect(feeds, {
  base,
  cursor: existsSync(file) ? readFileSync(file, "utf8") : null,
  token: () => process.env.FASTTRACK_TOKEN,
  onMessage: (message) => {
    console.log(JSON.stringify(message));
    writeFileSync(file, message.id);
  },
  onState: (state) => console.log(JSON.stringify(state)),
  onReset: (reason) => console.error(`messages are missing (${reason}): fetch the present state by REST`),
  onStatus: ({state, transport, reason}) => {
    console.error(state, transport, reason ?? "");
    if (state === "live" && feed.cursor) writeFileSync(file, feed.cursor);
  },
});
process.once("SIGINT", () => feed.close());
