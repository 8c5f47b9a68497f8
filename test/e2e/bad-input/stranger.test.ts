// A person without root's rights on a machine where root has Holdfast: told so, by every command, and never served from an
// empty state and a lock of their own, in which nothing is ever wrong.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeBookings, runProgram, World } from '../../support/world.ts';

const bin = join(import.meta.dirname, '../../../bin');
const mayMount = process.geteuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

const commands = [
  ...['run', 'list-backups', 'info'].map((rest) => `db-backup ${rest}`),
  ...['status', 'plan latest', 'run latest --yes', 'drill'].map((rest) => `restore ${rest}`),
  ...['list', 'deliver', 'ack db-backup'].map((rest) => `alert-send ${rest}`),
];

/** A machine of its own for these directories; what is typed is typed by somebody. */
const machine = `mount -t tmpfs -o mode=755 none /var/lib && mount -t tmpfs -o mode=755 none /run
install -d -m 0750 /var/lib/holdfast && install -d -m 0751 /run/holdfast
install -d -m 2770 /var/lib/holdfast/spool /var/lib/holdfast/spool/new && install -d -m 2771 /run/holdfast/locks
for line in "$@"; do
  setpriv --reuid=54321 --regid=54321 --clear-groups $BIN/$line >/dev/null 2>$HOME/said
  echo "$line: $? $(grep -c sudo $HOME/said)"
  cat $HOME/said >&2
done`;

test.skipIf(!mayMount)('without sudo nothing is done, and each command says so', async () => {
  await using world = new World();
  makeBookings(world.database);
  chmodSync(world.home, 0o777);
  const home = join(world.home, 'home');
  mkdirSync(home);
  chmodSync(home, 0o777);
  const environment = {
    BIN: bin,
    HOME: home,
    DATABASE_PATH: world.database,
    NTFY_TOPIC: 'a-topic-of-theirs',
  };
  const { stdout, stderr } = await runProgram('unshare', ['-m', 'sh', '-c', machine, 'sh', ...commands], {
    environment,
  });
  const ended = stdout.trim().split('\n');
  expect(ended.map((line) => line.replace(/ \d+$/, ''))).toEqual(commands.map((line) => `${line}: 77`));
  const withoutHint = ended.filter((line) => line.endsWith(' 0'));
  expect(withoutHint, stderr).toEqual([]);
  expect(existsSync(join(home, '.local'))).toBe(false);
});
