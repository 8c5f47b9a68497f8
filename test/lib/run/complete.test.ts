// Names that a shell is offered: of the configuration and of the history, and of no store. Where those cannot be read nothing
// is offered, and nothing is said.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { completion } from '../../../lib/run/complete.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { openHistoryDatabase } from '../../support/history-database.ts';
import { jobs, TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

type Variables = Record<string, string>;

/** What is offered for the last word. */
async function offered([name = '', ...words]: string[], environment: Variables = {}): Promise<string[]> {
  const job = jobs[name];
  if (job === undefined) throw new Error(`there is no job ${name}`);
  const answer = await completion(job, ['words', String(words.length - 1), ...words], environment);
  return answer === '' ? [] : answer.split('\n');
}

const valuesOf = (lines: string[]) => lines.map((line) => line.replace(/\t.*/, ''));

describe('of the configuration', () => {
  const settings =
    '[apps.ctv]\n[apps."a b; rm"]\n[apps.tagtracker]\n[pulls.office]\n[replicas.till]\nnonsense = 1\n';

  test.each<[typed: string[], names: string[]]>([
    [
      ['db-backup', 'run', '--app', ''],
      ['ctv', 'tagtracker'],
    ],
    [
      ['db-backup', 'run', '--app='],
      ['--app=ctv', '--app=tagtracker'],
    ],
    [['delta-pull', 'status', ''], ['office']],
    [['delta-receive', 'held', '--replica', ''], ['till']],
    [['restore', 'drill', ''], []],
  ])('%s', async (typed, names) => {
    const path = written(settings);
    expect(valuesOf(await offered(typed, { HOLDFAST_CONFIG: path }))).toEqual(names);
    const [name = '', command = '', ...rest] = typed;
    const named = [name, command, '--config', path, ...rest];
    expect(valuesOf(await offered(named, { HOLDFAST_CONFIG: '/nowhere' }))).toEqual(names);
  });

  const bad: [what: string, make: (path: string) => void][] = [
    ['that is not there', () => undefined],
    ['that is no TOML', (path) => writeFileSync(path, '[apps.ctv\n')],
    ['that is something else', (path) => writeFileSync(path, 'apps = 3\npulls = "x"\nstate_directory = 4\n')],
    ['that is a pipe', (path) => execFileSync('mkfifo', [path])],
    ['that is a directory', (path) => mkdirSync(path)],
    ['that never ends', (path) => symlinkSync('/dev/zero', path)],
    ['that may not be read', (path) => (writeFileSync(path, settings), chmodSync(path, 0o000))],
  ];
  test.each(bad)('one %s says nothing', async (_, make) => {
    const path = join(folder(), 'holdfast.toml');
    make(path);
    const empty = { HOLDFAST_CONFIG: path, HOLDFAST_STATE: folder() };
    await asNobody(async () => {
      for (const typed of [
        ['db-backup', 'run', '--app', ''],
        ['restore', 'drill', ''],
      ])
        expect(await offered(typed, empty)).toEqual([]);
    });
  });
});

describe('of the history', () => {
  let world: TypedWorld;
  let environment: Variables;
  const history = () => join(world.state, 'ops.db');

  beforeAll(async () => {
    world = new TypedWorld('2031-05-02T02:05:13Z');
    environment = { HOLDFAST_CONFIG: world.config };
    world.configure({ app: 'keep = { last = 2 }' });
    makeBookings(world.database, { rows: 3 });
    for (const args of [['run'], ['run'], ['backup', 'before-import'], ['run']])
      expect(await world.run('db-backup', args)).toMatchObject({ exitCode: 0 });
    return () => world[Symbol.asyncDispose]();
  });

  test('backups, newest first, with what is known of them, and without what was pruned', async () => {
    const lines = await offered(['restore', 'run', ''], environment);
    expect(lines.map((line) => line.replace(/, [\d.]+ .?B$/, ''))).toEqual([
      'latest\tthe newest proven backup',
      'bookings-20310502T020913Z.db\t2031-05-02 02:09:13Z, proven',
      'before-import.db\t2031-05-02 02:08:13Z, proven',
      'bookings-20310502T020713Z.db\t2031-05-02 02:07:13Z, proven',
    ]);
    for (const name of valuesOf(lines).slice(1))
      expect(await world.run('restore', ['plan', name])).toMatchObject({ exitCode: 0 });
  });

  test('by their whole names for who has begun one, of the app that is named, and of any configuration', async () => {
    const whole = valuesOf(await offered(['db-backup', 'verify', 'backups/'], environment));
    expect(whole).toContain('backups/bookings/before-import.db');
    const drill = (app: string) => offered(['restore', 'drill', '--app', app, ''], environment);
    expect(await drill('bookings')).toHaveLength(3);
    expect(await drill('other')).toEqual([]);
    const alone = world.environmentAlone();
    expect(valuesOf(await offered(['restore', 'drill', 'x'], alone))).toContain('before-import.db');
    expect(await offered(['restore', 'drill', '--app', ''], alone)).toEqual(['bookings\t']);
  });

  test('though the store does not answer: it is not asked', async () => {
    rmSync(world.store, { recursive: true });
    execFileSync('mkfifo', [world.store]);
    expect(await offered(['restore', 'drill', ''], environment)).toHaveLength(3);
  });

  test('200 of ten thousand, and none that a shell or a terminal would take for more than a name', async () => {
    const many = historyOf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
      SELECT 'backups/ctv/n' || i || '.db', printf('2031-01-01T00:00:00.%06dZ', i) FROM n`);
    const names = valuesOf(await offered(['restore', 'drill', ''], many.environment));
    expect(names).toHaveLength(200);
    expect(names[0]).toBe('n12000.db');
    const odd =
      historyOf(`SELECT column1, '2031-01-01' FROM (VALUES ('backups/ctv/good.db'), ('a b'), ('$(id)'), ('-rf'),
      ('x' || char(27) || '[31m'), ('two' || char(10) || 'lines'), ('a;b'), (''), ('backups/ctv/-rf'), ('":file"'))`);
    expect(valuesOf(await offered(['restore', 'drill', ''], odd.environment))).toEqual(['good.db']);
  });

  const bad: [what: string, make: (path: string) => void][] = [
    ['is damaged', (path) => writeFileSync(path, 'no database at all'.repeat(1000))],
    ['is empty', (path) => writeFileSync(path, '')],
    ['is a pipe', (path) => execFileSync('mkfifo', [path])],
    ['is a link', (path) => symlinkSync(history(), path)],
    ['is not there', () => undefined],
    ['has a journal that is a pipe', (path) => execFileSync('mkfifo', [`${path}-journal`])],
  ];
  test.each(bad)('one that %s says nothing, and is left as it is', async (_, make) => {
    const state = folder();
    make(join(state, 'ops.db'));
    const alone = { DATABASE_PATH: '/srv/app.db', HOLDFAST_STATE: state };
    const before = execFileSync('ls', ['-l', state]);
    expect(await offered(['restore', 'drill', ''], alone)).toEqual([]);
    expect(await offered(['restore', 'run', '--app', ''], alone)).toEqual([]);
    expect(execFileSync('ls', ['-l', state])).toEqual(before);
  });

  test('one that somebody writes is not waited for', async () => {
    const database = openHistoryDatabase(history());
    database.exec('BEGIN EXCLUSIVE');
    expect(await offered(['restore', 'drill', ''], environment)).toEqual([]);
    expect(await offered(['restore', 'drill', '--app', ''], environment)).toEqual(['bookings\t']);
    database.close();
  });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-complete-'));
  chmodSync(path, 0o755);
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function written(text: string): string {
  const path = join(folder(), 'holdfast.toml');
  writeFileSync(path, text);
  return path;
}

/** A history that has these backups alone: rows of a name and a time. */
function historyOf(rows: string): { environment: Variables } {
  const state = folder();
  const database = openHistoryDatabase(join(state, 'ops.db'));
  database.exec(`CREATE TABLE backups (app, name, state, taken_at, size_bytes);
    INSERT INTO backups (name, taken_at, app, state, size_bytes) SELECT *, 'ctv', 'proven', 1 FROM (${rows})`);
  database.close();
  return { environment: { DATABASE_PATH: '/srv/app.db', HOLDFAST_STATE: state } };
}
