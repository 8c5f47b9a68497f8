// /stand-in/*: scripting and inspecting a stand-in that runs in another process.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import type { DropboxStandIn } from './stand-in.ts';
import type { Switches } from './switches.ts';

/** A fault as JSON: a route between slashes is a pattern; times -1 is every call. */
type FaultJson = Omit<Fault, 'route' | 'matches'> & { route: string };

/** What can be asked and told, by method and path. */
const commands: Record<string, (standIn: DropboxStandIn, body: unknown) => unknown> = {
  'GET state': (standIn) => ({
    requests: standIn.requests,
    violations: standIn.violations,
    files: standIn.files.list(),
    sessions: standIn.sessions,
    maximumOpenRequests: standIn.maximumOpenRequests,
    bytesReceived: standIn.bytesReceived,
    bytesSent: standIn.bytesSent,
  }),
  'POST fault': (standIn, body) => standIn.fault(parseFault(body as FaultJson)),
  'POST clear-faults': (standIn) => standIn.clearFaults(),
  'POST switches': (standIn, body) => Object.assign(standIn.switches, body as Partial<Switches>),
  'POST advance': (standIn, body) => standIn.clock.advance((body as { seconds: number }).seconds),
  'POST quota': (standIn, body) => standIn.setQuota((body as { bytes: number }).bytes),
  'POST expire-tokens': (standIn) => standIn.expireTokensNow(),
  'POST revoke-refresh-token': (standIn) => standIn.revokeRefreshToken(),
  'POST revoke-access-tokens': (standIn) => standIn.revokeAccessTokens(),
  'POST access-token': (standIn, body) => ({
    accessToken: standIn.newAccessToken(body ?? {}),
  }),
};

/** Answers a control request; false when it is none. */
export async function control(
  standIn: DropboxStandIn,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const match = /^\/stand-in\/([a-z-]+)$/.exec(message.url ?? '');
  if (match === null) return false;
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const command = commands[`${message.method} ${match[1]}`];
  const text = Buffer.concat(chunks).toString();
  const result = command?.(standIn, text === '' ? undefined : JSON.parse(text));
  response.writeHead(command === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(result ?? {}));
  return true;
}

function parseFault({ route, times, ...rest }: FaultJson): Fault {
  const pattern = /^\/(.*)\/$/.exec(route)?.[1];
  return {
    ...rest,
    route: pattern === undefined ? route : new RegExp(pattern),
    ...(times === undefined ? {} : { times: times < 0 ? Infinity : times }),
  };
}
