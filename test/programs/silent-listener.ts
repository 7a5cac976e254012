import { createServer } from 'node:net';

// A program of its own: it listens with the smallest backlog and tells its port. A test that stops it
// (SIGSTOP) has a listener whose kernel goes on shaking hands until the backlog is full.
const server = createServer();
server.listen({ host: '0.0.0.0', port: 0, backlog: 1 }, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  process.stdout.write(`${address.port}\n`);
});
