// From files to a database in steps, and back: while documents are the truth nothing writes them, and a step is taken only
// when both say the same.
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';

const dayMs = 24 * 60 * 60 * 1000;
const schema = 'CREATE TABLE visit (date TEXT, tag TEXT)';

class PhaseWorld extends TypedWorld {
  readonly documents = join(this.home, 'documents');

  /** Without a database, unless rows are given. */
  constructor(phase: string, rows?: Record<string, readonly string[]>) {
    super();
    mkdirSync(this.documents);
    writeFileSync(join(this.home, 'schema.sql'), schema);
    if (rows !== undefined) {
      this.sql(schema);
      const values = Object.entries(rows).flatMap(([day, tags]) => tags.map((tag) => `('${day}', '${tag}')`));
      if (values.length > 0) this.sql(`INSERT INTO visit VALUES ${values.join()}`);
    }
    this.configure({
      app: `[apps.bookings.export]
directory = ${JSON.stringify(this.documents)}
days = "SELECT DISTINCT date FROM visit"
tables = { visit = "date" }
indent = 0
parity_days = 2
${phase === '' ? '' : `phase = "${phase}"`}
[apps.bookings.import]
schema = ${JSON.stringify(join(this.home, 'schema.sql'))}`,
    });
  }

  sql(statements: string): void {
    const database = new Database(this.database);
    database.exec(statements);
    database.close();
  }

  fill(day: string, tags: readonly string[]): void {
    for (const tag of tags) this.sql(`INSERT INTO visit VALUES ('${day}', '${tag}')`);
  }

  /** The app saves a day. */
  save(day: string, tags: readonly string[]): void {
    const visit = tags.map((tag) => ({ date: day, tag }));
    writeFileSync(join(this.documents, `${day}.json`), `${JSON.stringify({ date: day, visit })}\n`);
  }

  tags(day: string): string {
    const database = new Database(this.database, { readonly: true });
    const tags = database.prepare('SELECT tag FROM visit WHERE date = ? ORDER BY rowid').pluck().all(day);
    database.close();
    return tags.join();
  }

  saved(): Record<string, string> {
    return Object.fromEntries(
      readdirSync(this.documents).map((name) => [name, readFileSync(join(this.documents, name), 'utf8')]),
    );
  }

  type(line: string) {
    return this.run('db-export-json', line.split(' '));
  }

  /** Nights in which nothing happens. */
  async nights(count: number): Promise<void> {
    for (let night = 0; night < count; night += 1) {
      this.clock.advance(dayMs);
      expect(await this.type('run')).toMatchObject({ exitCode: 0 });
    }
  }
}

const record = (world: PhaseWorld) => join(world.state, 'export/bookings.phases.json');
const [first, second, third] = ['2026-11-25', '2026-11-26', '2026-11-27'] as const;

describe('while documents are the truth', () => {
  test('a run makes the database of them, follows them, and writes none', async () => {
    await using world = new PhaseWorld('json');
    world.save(first, ['a']);
    world.save(second, ['b', 'c']);
    const before = world.saved();
    const tried = await world.type('run --dry-run');
    expect(tried, tried.stderr).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('2 documents in the database: 2 would be changed') as string,
    });
    expect(existsSync(world.database)).toBe(false);
    expect(await world.type('run')).toMatchObject({ exitCode: 0 });
    expect(world.tags(second)).toBe('b,c');
    world.save(second, ['b']);
    expect(await world.type('run')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('2 documents in the database: 1 changed') as string,
    });
    expect(world.tags(second)).toBe('b');
    world.sql(`UPDATE visit SET tag = 'x'`);
    expect(await world.type('run')).toMatchObject({ exitCode: 0 });
    expect(world.tags(first)).toBe('a');
    expect(world.saved()).toEqual({
      ...before,
      [`${second}.json`]: expect.stringContaining('"b"') as string,
    });
  });

  test('a day that only the database has is told of, and a frozen day stays on both sides', async () => {
    await using world = new PhaseWorld('json');
    world.save(first, ['a']);
    await world.type('run');
    world.fill(third, ['z']);
    expect(await world.type('run')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(`DIFFERS: ${third}.json`) as string,
    });
    expect(world.tags(third)).toBe('z');
    world.sql(`DELETE FROM visit WHERE date = '${third}'`);
    await world.type(`freeze ${first}`);
    world.save(first, ['b']);
    expect(await world.type('run')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(`FROZEN, and differs: ${first}.json`) as string,
    });
    expect(world.tags(first)).toBe('a');
    expect(world.saved()[`${first}.json`]).toContain('"b"');
  });

  test('a document that cannot be read stops the run, and the database is as it was', async () => {
    await using world = new PhaseWorld('json');
    world.save(first, ['a']);
    await world.type('run');
    world.save(first, ['b']);
    writeFileSync(join(world.documents, `${second}.json`), '{"date":');
    expect(await world.type('run')).toMatchObject({ exitCode: 65 });
    expect(world.tags(first)).toBe('a');
  });
});

test('while an app writes both they are compared, and neither is written', async () => {
  await using world = new PhaseWorld('both', { [first]: ['a'], [second]: ['b'] });
  world.save(first, ['a']);
  world.save(third, ['c']);
  const before = world.saved();
  const { exitCode, stdout } = await world.type('run');
  expect(exitCode).toBe(1);
  expect(stdout).not.toContain(`DIFFERS: ${first}`);
  expect(stdout).toContain(`DIFFERS: ${second}.json`);
  expect(stdout).toContain(`DIFFERS: ${third}.json`);
  expect(world.saved()).toEqual(before);
  expect(world.tags(third)).toBe('');
});

describe('a promotion', () => {
  test('goes from documents over both to the database, as soon as it may, and back again', async () => {
    await using world = new PhaseWorld('json');
    world.save(first, ['a']);
    await world.nights(2);
    const early = await world.type('promote');
    expect(early, early.stdout).toMatchObject({
      exitCode: 73,
      stderr: expect.stringContaining('the same for 1 day in a row, and 2 are wanted') as string,
    });
    expect(await world.type('promote --dry-run')).toMatchObject({ exitCode: 73 });
    await world.nights(1);
    expect(await world.type('promote --dry-run')).toMatchObject({ exitCode: 0 });
    expect((await world.type('status')).stdout).toContain('phase json, as configured (1 document)');
    expect(await world.type('promote --reason enough')).toMatchObject({ exitCode: 0 });
    const status = (await world.type('status')).stdout;
    expect(status).toMatch(/phase both, since 20\d\d-.*: enough \(1 document\)/);
    world.save(first, ['b']);
    expect(await world.type('promote')).toMatchObject({
      exitCode: 73,
      stderr: expect.stringContaining(
        '1 document and the database differ now, first 2026-11-25.json',
      ) as string,
    });
    world.sql(`UPDATE visit SET tag = 'b'`);
    expect(await world.type('promote')).toMatchObject({ exitCode: 0 });
    world.sql(`UPDATE visit SET tag = 'c'`);
    expect(await world.type('demote')).toMatchObject({ exitCode: 73 });
    expect(await world.type('run')).toMatchObject({ exitCode: 0 });
    expect(world.saved()[`${first}.json`]).toContain('"c"');
    expect(await world.type('promote')).toMatchObject({ exitCode: 73 });
    for (const phase of ['both', 'json']) {
      expect(await world.type('demote')).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(`in phase ${phase} now`) as string,
      });
    }
    expect(await world.type('demote')).toMatchObject({ exitCode: 73 });
  });

  test('may begin with a day, from which on the database counts', async () => {
    await using world = new PhaseWorld('both', { [first]: ['a'], [second]: ['b'] });
    world.save(first, ['a']);
    world.save(second, ['b']);
    expect(await world.type(`promote --from ${second}`)).toMatchObject({ exitCode: 0 });
    world.sql(`UPDATE visit SET tag = 'x'`);
    const { exitCode, stdout } = await world.type('run');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`changed: ${second}.json`);
    expect(stdout).toContain(`DIFFERS: ${first}.json`);
    const { json } = await world.runJson('db-export-json', ['status']);
    expect(json.result).toMatchObject({
      apps: [
        {
          value: {
            phases: [
              { phase: 'both', documents: 1 },
              { phase: 'database', from: second, documents: 1 },
            ],
          },
        },
      ],
    });
  });

  test('in spite of a difference is forced with a reason, and the nights are counted anew after one', async () => {
    await using world = new PhaseWorld('json');
    world.save(first, ['a']);
    await world.nights(3);
    world.fill(second, ['only here']);
    world.clock.advance(dayMs);
    expect(await world.type('run')).toMatchObject({ exitCode: 1 });
    world.sql(`DELETE FROM visit WHERE date = '${second}'`);
    await world.nights(1);
    expect((await world.type('promote')).stderr).toContain('for 0 days in a row');
    expect(await world.type('promote --force')).toMatchObject({ exitCode: 64 });
    expect(await world.type('promote --force --reason moving')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('in spite of this: ') as string,
    });
  });

  test.each(['2026-02-30', 'x'])('from %s is none', async (day) => {
    await using world = new PhaseWorld('both', { [first]: ['a'] });
    expect(await world.type(`promote --from ${day}`)).toMatchObject({ exitCode: 64 });
  });
});

describe('a record of phases', () => {
  test('that cannot be read stops everything', async () => {
    await using world = new PhaseWorld('', { [first]: ['a'] });
    world.save(first, ['the truth']);
    mkdirSync(join(world.state, 'export'), { recursive: true });
    writeFileSync(record(world), '{');
    const before = world.saved();
    expect(await world.type('run')).toMatchObject({ exitCode: 65 });
    expect(world.saved()).toEqual(before);
  });

  test('that is lost lets no document be replaced by a mirror', async () => {
    await using world = new PhaseWorld('', { [first]: ['a'], [second]: ['b'] });
    await world.type('run');
    for (const step of ['demote', 'demote']) expect(await world.type(step)).toMatchObject({ exitCode: 0 });
    world.save(first, ['the truth']);
    rmSync(record(world));
    const before = world.saved();
    for (const line of ['run --dry-run', 'run'])
      expect(await world.type(line)).toMatchObject({
        exitCode: 73,
        stderr: expect.stringContaining(
          '1 document that is there would be replaced, first 2026-11-25.json',
        ) as string,
      });
    expect(world.saved()).toEqual(before);
    expect(await world.type('run --begin')).toMatchObject({ exitCode: 0 });
    expect(world.saved()[`${first}.json`]).toContain('"a"');
  });

  test('that is lost lets no row be taken out of a database that is the truth', async () => {
    await using world = new PhaseWorld('json');
    world.save(first, ['a']);
    await world.type('run');
    for (const step of ['promote', 'promote'])
      expect(await world.type(`${step} --force --reason moved`)).toMatchObject({ exitCode: 0 });
    world.fill(first, ['sold after the move']);
    rmSync(world.state, { recursive: true });
    expect(await world.type('run')).toMatchObject({
      exitCode: 73,
      stderr: expect.stringContaining('2 rows of') as string,
    });
    expect(world.tags(first)).toBe('a,sold after the move');
  });
});

/** What a run does to a day that is on one side only, or different: `d` to the documents, `r` to the rows. */
test.each([
  ['json', 'documents only', 'r'],
  ['json', 'database only', 'tells'],
  ['json', 'different', 'r'],
  ['both', 'documents only', 'tells'],
  ['both', 'database only', 'tells'],
  ['both', 'different', 'tells'],
  ['database', 'documents only', 'tells'],
  ['database', 'database only', 'd'],
  ['database', 'different', 'd'],
  ['json', 'frozen, different', 'tells'],
  ['both', 'frozen, different', 'tells'],
  ['database', 'frozen, different', 'tells'],
])('in phase %s a day that is %s', async (phase, what, does) => {
  await using world = new PhaseWorld(phase, { [first]: ['a'] });
  world.save(first, ['a']);
  await world.type('run');
  if (what.startsWith('frozen')) await world.type(`freeze ${first}`);
  if (what === 'documents only') world.save(second, ['x']);
  else if (what === 'database only') world.fill(second, ['y']);
  else world.save(first, ['x']);
  const before = { saved: world.saved(), tags: [world.tags(first), world.tags(second)] };
  const { exitCode } = await world.type('run');
  const after = { saved: world.saved(), tags: [world.tags(first), world.tags(second)] };
  const isSame = (key: 'saved' | 'tags') => JSON.stringify(before[key]) === JSON.stringify(after[key]);
  expect({ documents: !isSame('saved'), rows: !isSame('tags'), exitCode }).toEqual({
    documents: does === 'd',
    rows: does === 'r',
    exitCode: does === 'tells' ? 1 : 0,
  });
});

test('before the first run, where documents are the truth, they are listed', async () => {
  await using world = new PhaseWorld('json');
  world.save(first, ['a']);
  expect(await world.type('status')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('phase json, as configured (1 document)') as string,
  });
});

test('a season of many days is told in few lines, and in full where that is wanted', async () => {
  const days = Array.from({ length: 45 }, (_, index) => [
    `2026-0${1 + Math.floor(index / 15)}-${10 + (index % 15)}`,
    ['a'],
  ]);
  await using world = new PhaseWorld('', Object.fromEntries(days) as Record<string, string[]>);
  const few = (await world.type('status')).stdout.split('\n');
  expect(few.length).toBeLessThan(8);
  const all = (await world.type('status --days')).stdout.split('\n');
  expect(all.length).toBeGreaterThan(45);
});
