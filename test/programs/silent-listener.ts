import { createServer } from 'node:net';

// A program that listens with the smallest backlog, and prints its port. While a test stops it (SIGSTOP), the kernel
// accepts connections until the backlog is full.
const server = createServer();
server.listen({ host: '0.0.0.0', port: 0, backlog: 1 }, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  process.stdout.write(`${address.port}\n`);
});
