// relay.mjs PORT SOCKET: what connects to 127.0.0.1:PORT, in the network it is started in, is connected to the socket.
import { connect, createServer } from 'node:net';

const [port, path] = process.argv.slice(2);
createServer((there) => {
  const here = connect(path);
  for (const socket of [there, here]) socket.on('error', () => (there.destroy(), here.destroy()));
  there.pipe(here).pipe(there);
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
