// A plain EventSource, as browsers have it: prints what it meets, until a title comes.
import {EventSource} from "eventsource";

const [url, last] = process.argv.slice(2);
const source = new EventSource(url);
source.onopen = () => console.log("open");
source.onerror = ({code}) => {
  console.log(`error ${code ?? ""}`);
  if (source.readyState === EventSource.CLOSED) process.exit(1);
};
source.onmessage = ({data}) => {
  const message = JSON.parse(data);
  if (message.type === "hello") console.log(`hello ${message.resume}`);
  if (message.type !== "event.created") return;
  console.log(`event ${message.event.title}`);
  if (message.event.title === last) process.exit(0);
};
