// relay.ts PORT SOCKET: forwards 127.0.0.1:PORT, in the network it is started in, to the socket.
import { forward } from './forward.ts';

const [port, path = ''] = process.argv.slice(2);
forward({ path }).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
