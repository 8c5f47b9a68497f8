// Several shares whose servers are gone: each is told, and none delays the others, or what asks them.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inodesProbe } from '../../../lib/probe/inodes.ts';
import { mountsProbe } from '../../../lib/probe/mounts.ts';
import { readOnlyProbe } from '../../../lib/probe/read-only.ts';
import { probed } from '../../../lib/probe/probe.ts';
import { runChecks } from '../../../lib/probe/run-checks.ts';
import { mountsCheck } from '../../../lib/health/mounts.ts';
import { readOnlyCheck } from '../../../lib/health/read-only.ts';
import { inodesCheck } from '../../../lib/health/inodes.ts';
import { probeWorld } from '../../support/probe-context.ts';
import { scratch } from '../../support/scratch.ts';
import { canBeSilent, mountSilence } from '../../support/silent-mount.ts';

describe.skipIf(!canBeSilent())('mounts that never answer (skipped without root and /dev/fuse)', () => {
  test('are critical, each of them, and what is well beside them is', async () => {
    const home = scratch();
    const names = ['one', 'two', 'three', 'four', 'five', 'six'];
    const paths = names.map((name) => join(home, name));
    const well = join(home, 'well');
    for (const path of [...paths, well]) mkdirSync(path);
    const toml = `
[store]
kind = "directory"
path = ${JSON.stringify(join(home, 'one', 'backups'))}
[apps.a]
database = ${JSON.stringify(join(home, 'two', 'a.db'))}
[health.mounts]
paths = ${JSON.stringify([...paths, '/proc', well])}
`;
    await using stack = new AsyncDisposableStack();
    for (const path of paths) stack.use(await mountSilence(path));
    const world = probeWorld({ root: '/', toml, state: join(home, 'well') });
    const { readings } = await runChecks(
      [
        probed(mountsCheck, mountsProbe),
        probed(readOnlyCheck, readOnlyProbe),
        probed(inodesCheck, inodesProbe),
      ],
      {
        context: { ...world, run: async () => ({ exitCode: 0, stdout: '', stderr: '' }) },
        settings: {},
        stateOf: () => undefined,
        samplesOf: () => [],
        isClockTrusted: true,
        isAll: true,
      },
    );
    const verdicts = Object.fromEntries(
      readings.map(({ check, subject, verdict }) => [`${check} ${subject}`, verdict]),
    );
    expect(verdicts).toMatchObject({
      ...Object.fromEntries(paths.map((path) => [`mounts ${path}`, 'critical'])),
      'mounts /proc': 'ok',
      [`mounts ${well}`]: 'critical', // which is not mounted at all
      [`read-only ${join(home, 'one', 'backups')}`]: expect.stringMatching(/critical|unknown/) as string,
      [`inodes ${join(home, 'one', 'backups')}`]: 'unknown',
      [`inodes ${join(home, 'two')}`]: 'unknown',
    });
    const messages = readings
      .filter(({ check, verdict }) => check === 'mounts' && verdict === 'critical')
      .map(({ message }) => message);
    expect(
      messages.filter((message) =>
        message.includes('is mounted (fuse.silent, nas:/copies), and does not answer: no answer within'),
      ),
    ).toHaveLength(paths.length);
  });

  test('of a share for one user alone another one does not say that it answers', async () => {
    const path = scratch();
    await using silence = await mountSilence(path);
    void silence;
    // What is not for this user the kernel answers by itself, without asking the other side.
    const program = `
      import { mountsProbe } from ${JSON.stringify(join(import.meta.dirname, '../../../lib/probe/mounts.ts'))};
      const clock = { monotonicMs: () => 0 };
      const context = { root: '/', clock, signal: new AbortController().signal };
      console.log(JSON.stringify(await mountsProbe.measure(context, ${JSON.stringify(path)})));`;
    const asAnother = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
    const said = execFileSync('setpriv', [...asAnother, '--input-type=module', '-e', program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(JSON.parse(said)).toMatchObject({
      answer: { answered: false, words: 'Permission denied', isRefusal: true },
    });
  });
});
