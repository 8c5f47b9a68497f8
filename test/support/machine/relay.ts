// relay.ts PORT SOCKET [ADDRESS]: forwards the port, in the network it is started in, to the socket; at 127.0.0.1 unless told.
import { forward } from './forward.ts';

const [port, path = '', address = '127.0.0.1'] = process.argv.slice(2);
forward({ path }).listen(Number(port), address, () => process.stdout.write('ready\n'));
