// How long certificates are good for, as endpoints show them and as they lie in files.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateCheck } from '../../../lib/health/certificate.ts';
import { certificateProbe } from '../../../lib/probe/certificate.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { selfSigned } from './certificates.ts';
import { probeWorld } from './context.ts';
import { reply, serve } from './misbehaving.ts';

/** A world of now, as openssl has it, and some minutes later, which stands. */
function worldOfNow(toml: string) {
  return probeWorld(toml, { clock: fixedClock(new Date(Date.now() + 600_000).toISOString()) });
}

async function ofFile(path: string) {
  const world = worldOfNow(`[health.certificate]\nfiles = [${JSON.stringify(path)}]\n`);
  return world.ask(certificateCheck, certificateProbe, path);
}

test('what there is: every https endpoint, and every file', () => {
  const { run } = probeWorld(`
[health.certificate]
files = ["/etc/ssl/own.pem"]
[health.http.endpoints]
plain = { url = "http://127.0.0.1/" }
safe = { url = "https://127.0.0.1/" }
`);
  expect(certificateProbe.subjects(run())).toEqual(['safe', '/etc/ssl/own.pem']);
});

test.each([
  [60, 'ok'],
  [10, 'warning'],
])(
  'an endpoint with a certificate of %d days is %s, also while nobody answers there',
  async (days, verdict) => {
    const { cert, key } = selfSigned({ days });
    const { port, close } = await serve(reply('200 OK', ''), { cert, key });
    const world = worldOfNow(
      `[health.http.endpoints.web]\nurl = "https://127.0.0.1:${port}/?token=geheim"\n`,
    );
    const first = await world.ask(certificateCheck, certificateProbe, 'web');
    expect(first).toMatchObject({ verdict });
    expect(JSON.stringify(first)).not.toContain('geheim');
    await close();
    expect(await world.ask(certificateCheck, certificateProbe, 'web')).toEqual(first);
  },
);

test('an endpoint that was never seen is unknown', async () => {
  const world = worldOfNow('[health.http.endpoints.web]\nurl = "https://127.0.0.1:9/?token=geheim"\n');
  const judgement = await world.ask(certificateCheck, certificateProbe, 'web');
  expect(judgement).toMatchObject({ verdict: 'unknown' });
  expect(JSON.stringify(judgement)).not.toContain('geheim');
});

test('of several certificates in a file the one that ends first counts, and a key beside them is nowhere', async () => {
  const [long, short] = [selfSigned({ days: 300 }), selfSigned({ days: 3 })];
  const path = join(scratch(), 'chain.pem');
  writeFileSync(path, Buffer.concat([long.key, long.cert, short.cert]));
  expect(await ofFile(path)).toMatchObject({
    verdict: 'critical',
    message: expect.stringMatching(/good for [23] days/) as string,
  });
});

test.each<[what: string, make: (path: string) => void, message: RegExp]>([
  ['not there', () => undefined, /^cannot read the certificate .*: No such file or directory$/],
  ['a directory', (path) => execFileSync('mkdir', [path]), /Is a directory$/],
  ['empty', (path) => writeFileSync(path, ''), /no certificate in PEM form is in it$/],
  ['a key alone', (path) => writeFileSync(path, selfSigned().key), /no certificate in PEM form is in it$/],
  [
    'no certificate in it',
    (path) => writeFileSync(path, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    /^cannot read the certificate /,
  ],
  [
    'without an end',
    (path) => writeFileSync(path, '-----BEGIN CERTIFICATE-----\n'.repeat(100_000)),
    /no certificate/,
  ],
])('a file that is %s is unknown', async (_, make, message) => {
  const path = join(scratch(), 'some.pem');
  make(path);
  expect(await ofFile(path)).toMatchObject({
    verdict: 'unknown',
    message: expect.stringMatching(message) as string,
  });
});
