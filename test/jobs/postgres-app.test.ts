// Every command of every job that ends by itself, typed where the only app has a PostgreSQL database: it works there, or says in a word why not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { password, PostgresWorld, serverWithApp } from '../support/postgres-world.ts';
import { jobs } from '../support/typed-world.ts';

/** For SQLite alone: named, with what there is instead, and exit 78. */
const fileOnly = (act: string) =>
  new RegExp(`cannot ${act} bags_\\d+ at 127.0.0.1:\\d+: the database of bags is in PostgreSQL`);
const documents = fileOnly('make documents of');
const pushed = fileOnly('push the changes of');
const served = fileOnly('serve the changes of');
const maintained = fileOnly('maintain');
const standby = fileOnly('keep a standby of');
const noReplica = /no replica|nothing that receives|no \[receive\]|replica/;
const noMaster = /master|pulls|replica/;

/** What is typed behind the name of a command, and its words where it refuses; a command that works has none. */
const table: Record<string, [typed: string, refusal?: RegExp]> = {
  'db-backup init': [''],
  'db-backup run': [''],
  'db-backup backup': ['before --note import'],
  'db-backup hourly': ['', /every is not set/],
  'db-backup keygen': ['--yes'],
  'db-backup upload': [''],
  'db-backup test': [''],
  'db-backup info': [''],
  'db-backup list': [''],
  'db-backup list-backups': [''],
  'db-backup verify': [''],
  'db-backup download': ['latest.dump'],
  'db-backup link': ['', /Dropbox/],
  'db-backup prune': [''],
  'db-backup remove': ['mine --yes'],
  'db-backup restore-latest': ['--yes'],
  'db-export-json run': ['', documents],
  'db-export-json status': ['', documents],
  'db-export-json check': ['', documents],
  'db-export-json import': ['', documents],
  'db-export-json freeze': ['2026-11-20 --reason closed', documents],
  'db-export-json unfreeze': ['2026-11-20', documents],
  'db-export-json promote': ['--from mirror --reason closed', documents],
  'db-export-json demote': ['--from mirror --reason closed', documents],
  'db-maintain run': ['', maintained],
  'db-maintain vacuum': ['', maintained],
  'db-maintain optimize': ['', maintained],
  'db-maintain integrity': ['', maintained],
  'delta-push run': ['', pushed],
  'delta-push install': ['', pushed],
  'delta-push uninstall': ['', pushed],
  'delta-push status': ['', pushed],
  'delta-push doctor': ['', pushed],
  'delta-push parity': ['', pushed],
  'delta-push held': ['', pushed],
  'delta-push corrections': ['', pushed],
  'delta-push resync': ['', pushed],
  'delta-push export-sql': ['x.sql', pushed],
  'delta-push takeover': ['--yes', pushed],
  'delta-serve status': ['', served],
  'delta-serve install': ['', served],
  'delta-serve uninstall': ['', served],
  'delta-serve cert': ['', served],
  'delta-serve key': ['reader'],
  'delta-pull once': ['', noMaster],
  'delta-pull resync': ['', noMaster],
  'delta-pull status': ['', noMaster],
  'delta-pull fingerprint': ['', noMaster],
  'delta-receive key': ['list'],
  'delta-receive cert': ['', noReplica],
  'delta-receive status': ['', noReplica],
  'delta-receive freeze': ['2026-11-20 --by kim --reason closed', noReplica],
  'delta-receive reopen': ['2026-11-20 --by kim --reason closed', noReplica],
  'delta-receive frozen': ['', noReplica],
  'delta-receive held': ['list', noReplica],
  'delta-receive approve': ['', noReplica],
  'delta-receive correct': ['@home/x.sql --by kim --reason closed', noReplica],
  'health-check run': ['--brief'],
  'health-check status': [''],
  'health-check report': ['--text'],
  'health-check doctor': [''],
  'health-check explain': ['database'],
  'health-check list': [''],
  'restore list': [''],
  'restore plan': ['latest'],
  'restore diff': ['latest'],
  'restore run': ['latest --yes'],
  'restore download': [`latest @home/copy.dump`],
  'restore undo': ['--yes'],
  'restore standby': ['--app bags', standby],
  'restore promote': ['--yes --app bags', standby],
  'restore drill': ['latest'],
  'restore status': [''],
  'alert-send deliver': [''],
  'alert-send test': ['', /alert|channel/],
  'alert-send list': ['', /names no channel/],
  'alert-send ack': ['db-backup', /names no channel/],
  'alert-send spool': ['--job db-backup@bags --result exit-code'],
};

describe.skipIf(postgresPrograms() === undefined)('of an app with PostgreSQL', () => {
  let server: PostgresServer;
  let world: PostgresWorld;
  beforeAll(async () => {
    server = await serverWithApp();
    world = await PostgresWorld.make(server, 3);
    writeFileSync(join(world.home, 'x.sql'), 'select 1');
    await world.run('db-backup', ['backup', 'mine']);
    await world.run('db-backup', ['run']);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const all = Object.entries(jobs).flatMap(([job, { commands }]) =>
    commands.filter(({ kind }) => kind !== 'service').map(({ name }) => `${job} ${name}`),
  );

  test('the table has every command', () => {
    expect(Object.keys(table).sort()).toEqual([...all].sort());
  });

  test.each(all.filter((name) => table[name] !== undefined))('%s', async (name) => {
    const [job = '', command = ''] = name.split(' ');
    const [typed, refusal] = table[name] ?? [''];
    const words = typed.split(' ').filter((word) => word !== '');
    const args = words.map((word) =>
      word.replace('@home', world.home).replace('latest.dump', join(world.home, 'latest.dump')),
    );
    const { exitCode, stdout, stderr } = await world.run(job, [command, ...args]);
    const said = `${stdout}${stderr}`;
    expect(said).not.toContain(password);
    // A bug, a path that is none, a value that is not there.
    expect(said).not.toMatch(/\b(undefined|ENOENT|NaN|TypeError)\b|\[object/);
    if (refusal === undefined)
      expect({ exitCode, said }).toEqual({ exitCode: expect.toBeOneOf([0, 1, 2, 3]), said });
    else
      expect({ exitCode, stderr }).toEqual({
        exitCode: expect.toBeOneOf([64, 66, 78]),
        stderr: expect.stringMatching(refusal),
      });
  });
});
