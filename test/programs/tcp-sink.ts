import { createServer } from 'node:net';

// A program that accepts every connection on any of this host's addresses, and prints its port.
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.resume();
});
server.listen({ host: '0.0.0.0', port: 0, backlog: 4_096 }, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  process.stdout.write(`${address.port}\n`);
});
