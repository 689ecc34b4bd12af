// reconnecting-eventsource, which sends its cursor as `lastEventId`: prints each message until a title comes.
import {EventSource} from "eventsource";
import ReconnectingEventSource from "reconnecting-eventsource";

const [url, last] = process.argv.slice(2);
const Reconnecting = ReconnectingEventSource.default ?? ReconnectingEventSource;
const source = new Reconnecting(url, {eventSourceClass: EventSource, max_retry_time: 500});
source.onmessage = ({data}) => {
  const message = JSON.parse(data);
  if (message.type === "hello") console.log(`hello ${message.resume}`);
  if (message.type !== "event.created") return;
  console.log(`event ${message.event.title}`);
  if (message.event.title === last) process.exit(0);
};
