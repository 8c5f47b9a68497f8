// One end of a way from one network to another: what connects here is connected to somewhere else.
import { connect, createServer, type NetConnectOpts, type Server } from 'node:net';

/** Not listening yet. A connection that breaks on one side ends on the other. */
export function forward(to: NetConnectOpts): Server {
  return createServer((there) => {
    const here = connect(to);
    for (const socket of [there, here]) socket.on('error', () => (there.destroy(), here.destroy()));
    there.pipe(here).pipe(there);
  });
}
