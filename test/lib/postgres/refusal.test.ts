// A server that does not let us look is told apart by its cause: with stand-ins that say what no server here can be made to say,
// and what other versions and languages say.
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { lookAtPostgres } from '../../../lib/postgres/look.ts';
import type { PostgresTarget } from '../../../lib/health/postgres-target.ts';
import {
  answering,
  authenticated,
  cleartextPassword,
  message,
  PostgresStandIn,
  ready,
  refusing,
} from '../../support/postgres-stand-in.ts';
import { scratch } from '../../support/scratch.ts';

const password = 'hunter2-of-the-app';

function targetOf(port: number, more: Partial<PostgresTarget> = {}): PostgresTarget {
  return {
    ...{
      host: '127.0.0.1',
      port,
      user: 'app',
      database: 'bags',
      sslmode: 'disable',
      rootCertificate: undefined,
    },
    readPassword: () => undefined,
    ...more,
  };
}

async function refusal(target: PostgresTarget, { role = 'app', timeoutMs = 30_000 } = {}) {
  const facts = await lookAtPostgres(target, { role, timeoutMs, signal: new AbortController().signal });
  if ('look' in facts) throw new Error('it let us in');
  expect(JSON.stringify(facts)).not.toContain(password);
  return facts.refusal;
}

/** What a server sends when it refuses, and what is made of it. */
const refusals: [
  what: string,
  fields: Record<string, string>,
  kind: string,
  full: string | undefined,
  words: RegExp,
][] = [
  [
    'too many',
    { C: '53300', M: 'sorry, too many clients already', R: 'InitProcess' },
    'full',
    'server',
    /too many clients/,
  ],
  [
    'too many, before a process',
    { C: '53300', M: 'sorry, too many clients already', R: 'ProcessStartupPacket' },
    'full',
    'server',
    /too many/,
  ],
  [
    'the last ones (15)',
    {
      C: '53300',
      M: 'remaining connection slots are reserved for non-replication superuser connections',
      R: 'InitPostgres',
    },
    'full',
    'server',
    /reserved/,
  ],
  [
    'the last ones (16)',
    {
      C: '53300',
      M: 'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role',
      R: 'InitPostgres',
    },
    'full',
    'server',
    /reserved/,
  ],
  [
    'the last ones (17)',
    {
      C: '53300',
      M: 'remaining connection slots are reserved for roles with the SUPERUSER attribute',
      R: 'InitPostgres',
    },
    'full',
    'server',
    /reserved/,
  ],
  [
    'a role',
    { C: '53300', M: 'too many connections for role "app"', R: 'InitializeSessionUserId' },
    'full',
    'role',
    /role "app"/,
  ],
  [
    'a database',
    { C: '53300', M: 'too many connections for database "bags"', R: 'CheckMyDatabase' },
    'full',
    'database',
    /database "bags"/,
  ],
  [
    'a role, in German',
    { C: '53300', M: 'zu viele Verbindungen von Rolle »app«', R: 'InitializeSessionUserId', S: 'FATAL' },
    'full',
    'role',
    /zu viele/,
  ],
  [
    'a pooler',
    { C: '08P01', M: 'no more connections allowed (max_client_conn)' },
    'full',
    'server',
    /no more/,
  ],
  [
    'starting',
    { C: '57P03', M: 'the database system is starting up' },
    'starting',
    undefined,
    /takes nobody.*starting up/,
  ],
  [
    'stopping',
    { C: '57P03', M: 'the database system is shutting down' },
    'starting',
    undefined,
    /takes nobody.*shutting down/,
  ],
  [
    'recovering',
    { C: '57P03', M: 'the database system is in recovery mode' },
    'starting',
    undefined,
    /recovery/,
  ],
  [
    'a wrong password',
    { C: '28P01', M: 'password authentication failed for user "app"' },
    'denied',
    undefined,
    /refuses the password of app/,
  ],
  [
    'no line for us',
    { C: '28000', M: 'no pg_hba.conf entry for host "10.0.0.1", user "app", database "bags", no encryption' },
    'denied',
    undefined,
    /does not let app into bags.*no encryption/,
  ],
  ['no such role', { C: '28000', M: 'role "app" does not exist' }, 'denied', undefined, /does not let app/],
  [
    'may not connect',
    { C: '42501', M: 'permission denied for database "bags"' },
    'denied',
    undefined,
    /may not connect/,
  ],
  [
    'no such database',
    { C: '3D000', M: 'database "bags" does not exist' },
    'down',
    undefined,
    /has no database bags/,
  ],
  [
    'a closed database',
    { C: '55000', M: 'database "bags" is not currently accepting connections' },
    'down',
    undefined,
    /takes nobody into bags/,
  ],
  ['a full disk', { C: '53100', M: 'could not write init file' }, 'failing', undefined, /disk is full/],
  ['no memory', { C: '53200', M: 'out of memory' }, 'failing', undefined, /out of memory/],
  [
    'damage',
    { C: 'XX001', M: 'invalid page in block 0 of relation global/1260' },
    'failing',
    undefined,
    /damaged/,
  ],
  [
    'a disk that fails',
    { C: '58030', M: 'could not read file "global/1260": Input/output error' },
    'failing',
    undefined,
    /its system fails it/,
  ],
  [
    'what nobody knows',
    { C: '0A000', M: 'unsupported\u001b[31m startup parameter' },
    'unclear',
    undefined,
    /unsupported\\u001b\[31m startup parameter.*0A000/,
  ],
];

test.each(refusals)('%s', async (_, fields, kind, full, words) => {
  await using server = await PostgresStandIn.listen(refusing(fields));
  const found = await refusal(targetOf(server.port));
  expect(found).toMatchObject({ kind, full, isOwnRole: true });
  expect(found.message).toMatch(words);
  expect(found.message).toContain(`bags at 127.0.0.1:${server.port}: `);
  expect(found.hint).toMatch(/./);
  await server.deserted();
});

test('a role that is not the one whose share counts is told apart', async () => {
  await using server = await PostgresStandIn.listen(
    refusing({ C: '53300', M: 'too many connections for role "app"', R: 'InitializeSessionUserId' }),
  );
  expect(await refusal(targetOf(server.port), { role: 'traitortrack' })).toMatchObject({
    full: 'role',
    isOwnRole: false,
  });
});

/** What takes the connection and does not do what a server does; the longest waits for the time limit. */
const strangers: [what: string, serve: (socket: Socket) => void, kind: string, words: RegExp][] = [
  ['nothing is said', () => undefined, 'silent', /takes the connection and says nothing within 1.5 s/],
  ['nobody is let in', answering(authenticated), 'silent', /began to answer, and let nobody in/],
  ['no question is answered', answering(authenticated, ready), 'silent', /let us in, and did not answer/],
  [
    'no question is answered, after some',
    answering(authenticated, ready, message('N', Buffer.from('SNOTICE\0\0'))),
    'silent',
    /did not answer/,
  ],
  ['half a message', answering(Buffer.from([0x52, 0, 0])), 'silent', /began to answer/],
  [
    'a web server',
    answering(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
    'silent',
    /began to answer, and let nobody in/,
  ],
  [
    'a web server that ends',
    (socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    'unclear',
    /no PostgreSQL server/,
  ],
  ['the end, without a word', (socket) => void socket.end(), 'down', /closed the connection without a word/],
  [
    'a reset',
    (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    'down',
    /ECONNRESET|without a word/,
  ],
  [
    'an end in the middle',
    (socket) => void socket.once('data', () => socket.end(Buffer.concat([authenticated, ready]))),
    'down',
    /in the middle of an answer/,
  ],
];

test.concurrent.each(strangers)('where there should be a server: %s', async (_, serve, kind, words) => {
  await using server = await PostgresStandIn.listen(serve);
  const found = await refusal(targetOf(server.port), { timeoutMs: 1500 });
  expect(found.message).toMatch(words);
  expect(found.kind).toBe(kind);
  await server.deserted();
});

test('what never ends is cut off before it fills the memory', async () => {
  let sentBytes = 0;
  const chunk = message('N', Buffer.alloc(64 * 1024, 'x\0'));
  await using server = await PostgresStandIn.listen((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk)) sentBytes += chunk.length;
    };
    socket.on('drain', more);
    more();
  });
  const found = await refusal(targetOf(server.port));
  expect(found).toMatchObject({ kind: 'unclear' });
  await server.deserted();
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
});

test('nobody listens: a port, a socket, a host', async () => {
  const server = await PostgresStandIn.listen(() => undefined);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  expect(await refusal(targetOf(port))).toMatchObject({
    kind: 'down',
    message: expect.stringContaining('connection refused'),
  });
  const host = scratch();
  const found = await refusal(targetOf(5432, { host }));
  expect(found).toMatchObject({ kind: 'down', message: expect.stringContaining('there is no such socket') });
  expect(found.message).toContain(`bags at ${host}, port 5432: `);
});

test('a password is asked for, and none is given: neither the environment nor a file of somebody is looked at', async () => {
  vi.stubEnv('PGPASSWORD', password);
  await using server = await PostgresStandIn.listen(answering(cleartextPassword));
  try {
    const found = await refusal(targetOf(server.port));
    expect(found).toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('asks for the password of app, and none is given'),
    });
  } finally {
    vi.unstubAllEnvs();
  }
  await server.deserted();
});

test('a password is not given in the clear to who answers on another machine, and is on this one', async () => {
  for (const host of ['127.0.0.2', '127.0.0.1']) {
    let received = '';
    await using server = await PostgresStandIn.listen((socket) => {
      socket.once('data', () => {
        socket.write(cleartextPassword);
        socket.on('data', (chunk: Buffer) => {
          received += chunk.toString('latin1');
          socket.end();
        });
      });
    }, host);
    const found = await refusal(targetOf(server.port, { host, readPassword: () => password }));
    await server.deserted();
    const isHere = host === '127.0.0.1';
    expect(received.includes(password)).toBe(isHere);
    if (!isHere)
      expect(found).toMatchObject({ kind: 'tls', message: expect.stringContaining('in the clear') });
  }
});

test('a password file that cannot be read is said as that', async () => {
  await using server = await PostgresStandIn.listen(answering(cleartextPassword));
  const problem = new Error('cannot read it');
  const readPassword = () => {
    throw problem;
  };
  await expect(refusal(targetOf(server.port, { readPassword }))).rejects.toBe(problem);
  await server.deserted();
});

test('TLS that is asked for and not there is no connection, one that is only preferred is done without', async () => {
  const serve = (socket: Socket) =>
    void socket.once('data', (first: Buffer) => {
      if (first.readUInt32BE(4) === 80_877_103) socket.write('N');
      else socket.end(message('E', Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0')));
    });
  for (const sslmode of ['require', 'verify-ca', 'verify-full'] as const) {
    await using server = await PostgresStandIn.listen(serve);
    const found = await refusal(targetOf(server.port, { sslmode }));
    expect(found).toMatchObject({ kind: 'tls', message: expect.stringContaining('it has no TLS') });
    expect(server.connections).toBe(1);
    await server.deserted();
  }
  for (const sslmode of ['allow', 'prefer'] as const) {
    await using server = await PostgresStandIn.listen(serve);
    expect(await refusal(targetOf(server.port, { sslmode }))).toMatchObject({ kind: 'starting' });
    expect(server.connections).toBe(2);
    await server.deserted();
  }
});

test('certificates that cannot be read are said as that', async () => {
  const rootCertificate = join(scratch(), 'root.crt');
  await using server = await PostgresStandIn.listen(() => undefined);
  const asked = refusal(targetOf(server.port, { sslmode: 'verify-full', rootCertificate }));
  await expect(asked).rejects.toMatchObject({
    kind: 'missing',
    message: `cannot read the certificates in ${rootCertificate}: it is not there`,
  });
  expect(server.connections).toBe(0);
});

test('a run that is stopped leaves no connection', async () => {
  const stop = new AbortController();
  await using server = await PostgresStandIn.listen(
    (socket) => void socket.once('data', () => stop.abort(new Error('stop'))),
  );
  const look = lookAtPostgres(targetOf(server.port), { role: 'app', timeoutMs: 60_000, signal: stop.signal });
  await expect(look).rejects.toThrow('stop');
  await server.deserted();
});
