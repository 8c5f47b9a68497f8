// A transfer that was cut in the middle of a large document goes on where it was: counted is what rsync says it has sent.
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingForReaders, TestReader } from '../../support/reader.ts';
import { processesIn, runAsProcess } from '../../support/ship-process.ts';
import { ShipWorld } from '../../support/ship-world.ts';

const missing = missingForReaders();
const name = '2026-01-01.json';
/** What rsync compares at once, several times over. */
const slackBytes = 64 * 1024;

describe.skipIf(missing.length > 0)(
  `what has arrived (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    const cuts: [string, (world: ShipWorld, pid: number) => void][] = [
      ['we are told to stop', (_, pid) => void process.kill(pid, 'SIGTERM')],
      [
        'the programs that send it are killed',
        ({ home }) => processesIn(home).forEach((program) => process.kill(Number(program), 'SIGKILL')),
      ],
    ];
    test.each(cuts)('is not sent again where %s', async (_, cut) => {
      await using reader = await TestReader.ssh();
      reader.allow(`rrsync -wo "${reader.directory}"`);
      const to = String(reader.keys.to).replace(reader.directory, '/');
      await using world = new ShipWorld(reader, {
        days: 1,
        sizeBytes: 4_000_000,
        keys: { to, limit: '2 MB/s' },
      });
      let pid = 0;
      reader.onArriving(() => cut(world, pid), 2_000_000);
      await runAsProcess(world, ['run', '--ship'], (started) => void (pid = started));
      await expect.poll(() => processesIn(world.home), { timeout: 20_000 }).toEqual([]);
      const waiting = join(reader.directory, '.~tmp~', name);
      const arrivedBytes = () => statSync(waiting, { throwIfNoEntry: false })?.size ?? 0;
      await expect.poll(arrivedBytes, { timeout: 20_000 }).toBeGreaterThan(1_000_000);
      expect(reader.visible()).toEqual({});

      const arrived = arrivedBytes();
      world.settle({ to });
      const { sent, shipped } = await shipCounted(world);
      expect(shipped).toMatchObject({ exitCode: 0, shipment: { state: 'shipped', sent: [name] } });
      expect(reader.visible()).toEqual(world.written());
      expect(sent).toBeLessThan(statSync(join(world.documents, name)).size - arrived + slackBytes);
      // And that is worth something: without what has arrived, all of it is sent.
      rmSync(join(reader.directory, name));
      const again = await shipCounted(world);
      expect(again.sent).toBe(statSync(join(world.documents, name)).size);
    });
  },
);

/** Ships all, and returns how many bytes of documents rsync says that it has sent, instead of finding them there. */
async function shipCounted(world: ShipWorld) {
  const bin = join(world.home, 'bin');
  const told = join(world.home, 'stats');
  mkdirSync(bin, { recursive: true });
  const program = join(bin, 'rsync');
  writeFileSync(program, `#!/bin/bash\nset -o pipefail\n/usr/bin/rsync --stats "$@" | tee -a '${told}'\n`);
  chmodSync(program, 0o755);
  rmSync(told, { force: true });
  const shipped = await world.ship(['--look'], { environment: { PATH: `${bin}:${process.env.PATH}` } });
  const literal = [...readFileSync(told, 'utf8').matchAll(/^Literal data: ([\d,]+) bytes/gm)];
  const sent = literal.reduce((sum, [, bytes = '']) => sum + Number(bytes.replaceAll(',', '')), 0);
  return { sent, shipped };
}
