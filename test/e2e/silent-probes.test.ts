// What lies on a mount whose server is gone keeps no check waiting, and this process from nothing.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateCheck } from '../../lib/health/certificate.ts';
import { databaseCheck } from '../../lib/health/database.ts';
import { freshnessCheck } from '../../lib/health/freshness.ts';
import { sqlCheck } from '../../lib/health/sql.ts';
import { walCheck } from '../../lib/health/wal.ts';
import { certificateProbe } from '../../lib/probe/certificate.ts';
import { databaseProbe } from '../../lib/probe/database.ts';
import { freshnessProbe } from '../../lib/probe/freshness.ts';
import { sqlProbe } from '../../lib/probe/sql.ts';
import { walProbe } from '../../lib/probe/wal.ts';
import { probeWorld } from '../lib/probe/context.ts';
import { scratch } from '../support/scratch.ts';
import { canBeSilent, mountSilence } from '../support/silent-mount.ts';

test.skipIf(!canBeSilent())('what lies on a mount that does not answer is given up, in words', async () => {
  const mount = join(scratch('/var/tmp'), 'nas');
  mkdirSync(mount);
  await using silent = await mountSilence(mount);
  expect(silent).toBeDefined();
  const { ask } = probeWorld(`
[apps.ctv]
database = "${mount}/app.db"
[health.certificate]
files = ["${mount}/cert.pem"]
[health.freshness.things.copies]
path = "${mount}/copies"
[health.sql.assertions.one]
app = "ctv"
query = "SELECT 1"
expect = 1
timeout_seconds = 1
`);
  const judgements = await Promise.all([
    ask(databaseCheck, databaseProbe, 'ctv'),
    ask(walCheck, walProbe, 'ctv'),
    ask(sqlCheck, sqlProbe, 'ctv/one'),
    ask(certificateCheck, certificateProbe, `${mount}/cert.pem`),
    ask(freshnessCheck, freshnessProbe, 'copies'),
  ]);
  expect(judgements).toMatchObject([
    {
      verdict: 'warning',
      message: expect.stringMatching(/^cannot read the database .*: it took longer than 10 s$/) as string,
    },
    { verdict: 'unknown' },
    { verdict: 'unknown', message: expect.stringMatching(/it took longer than/) as string },
    {
      verdict: 'unknown',
      message: expect.stringMatching(/^cannot read the certificate .*no answer within 5\.0 s$/) as string,
    },
    { verdict: 'unknown', message: expect.stringMatching(/the disk it is on does not answer$/) as string },
  ]);
});
