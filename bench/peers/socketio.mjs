// Socket.IO over its WebSocket transport, no compression.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { Server } = createRequire(process.argv[3] + '/')('socket.io');

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    io.emit('message', JSON.parse(Buffer.concat(parts)));
    response.writeHead(200, { 'Content-Length': 0 }).end();
  });
});
const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
