// Node: `ws` and plain http, the usual broadcaster with a ring of history.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// Modules lie in bench/build, not beside this file.
const { WebSocketServer } = createRequire(process.argv[3] + '/')('ws');

const HISTORY = 4000;
const history = [];
const streams = new Set();
let head = 0;

const sseFrame = (id, text) => `id: ${id}\ndata: ${text}\n\n`;

function publish(text) {
  head += 1;
  history.push({ id: head, text });
  if (history.length > HISTORY) history.shift();
  const frame = sseFrame(head, text);
  for (const stream of streams) stream.write(frame);
  const bytes = Buffer.from(text);
  for (const socket of sockets.clients) socket.send(bytes, { binary: false });
}

const missed = (request) => {
  const cursor = request.headers['last-event-id'];
  return cursor === undefined ? [] : history.filter(({ id }) => id > Number(cursor));
};

function subscribe(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  for (const { id, text } of missed(request)) response.write(sseFrame(id, text));
  streams.add(response);
  request.on('close', () => streams.delete(response));
}

function receive(request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    publish(Buffer.concat(parts).toString());
    response.writeHead(200, { 'Content-Length': 0 }).end();
  });
}

const server = createServer((request, response) =>
  request.method === 'POST' ? receive(request, response) : subscribe(request, response));
const sockets = new WebSocketServer({ server, path: '/ws', perMessageDeflate: false });
sockets.on('connection', (socket, request) => {
  for (const { text } of missed(request)) socket.send(text);
});
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
