// The ws package: asks in text and in JSON, and then says what has no meaning; prints what comes.
import WebSocket from "ws";

const socket = new WebSocket(process.argv[2]);
socket.on("message", (data) => {
  const text = data.toString();
  console.log(text === "pong" ? text : JSON.parse(text).type);
  if (text === "pong") socket.send('{"type":"ping"}');
  else if (text.includes('"hello"')) socket.send("ping");
  else if (text.includes('"pong"')) socket.send("nonsense");
});
socket.on("close", (code) => console.log(`close ${code}`));
socket.on("error", (error) => console.log(`error ${error.message}`));
