// Two machines as the example of HerdLinx has them: a Pi whose app writes, an office that reads, and a cable that is pulled out.
import Database from 'better-sqlite3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DeltaNetwork, there } from '../../support/delta-network.ts';
import { scratch } from '../../support/scratch.ts';
import { type LineProcess, spawnLines } from '../../support/spawn-lines.ts';
import { missingForTwoFamilies } from '../../support/two-families.ts';
import { type Ended, runProgram } from '../../support/world.ts';

const missing = missingForTwoFamilies();
const project = resolve(import.meta.dirname, '../../..');
const example = (name: string) => readFileSync(join(project, 'etc/examples/herdlinx', name), 'utf8');
const travelling = ['batches', 'cattle', 'pens', 'weight_records'];

/** What the app has, as SQLAlchemy declares it, and without a write-ahead log as SQLite begins. */
const schema = `
  CREATE TABLE batches (id INTEGER NOT NULL PRIMARY KEY, batch_number VARCHAR(50), induction_date DATE, updated_at DATETIME);
  CREATE TABLE cattle (id INTEGER NOT NULL PRIMARY KEY, batch_id INTEGER REFERENCES batches (id), cattle_id VARCHAR(50) UNIQUE,
    weight FLOAT, notes TEXT, updated_at DATETIME);
  CREATE TABLE pens (id INTEGER NOT NULL PRIMARY KEY, pen_number VARCHAR(20), capacity INTEGER);
  CREATE TABLE weight_records (id INTEGER NOT NULL PRIMARY KEY, cattle_id INTEGER, weight FLOAT, recorded_at DATETIME);
  CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, password_hash TEXT);
  CREATE TABLE lora_payload_buffer (id INTEGER NOT NULL PRIMARY KEY, raw BLOB);
  INSERT INTO batches VALUES (1, 'B1', '2024-01-15', '2024-01-15 10:30:00.000000');
  INSERT INTO users VALUES (1, 'a hash');
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO cattle SELECT i, 1, 'C' || i, 180 + i / 8.0, NULL, '2024-01-15 10:30:00.000000' FROM n;`;

/** Both machines, with what is typed and read there. */
class Herd implements AsyncDisposable {
  readonly network = new DeltaNetwork();
  readonly home = scratch();
  readonly app: Database.Database;
  /** How many cattle a reader of the replica has found, each time it looked. */
  readonly found = new Set<number>();
  readonly #places = { pi: join(this.home, 'pi'), office: join(this.home, 'office') };
  #reader: Database.Database | undefined;

  constructor() {
    for (const place of Object.values(this.#places)) mkdirSync(place);
    this.app = new Database(join(this.#places.pi, 'herd.db'), { timeout: 20_000 });
    this.app.exec(schema);
  }

  /** The example's file of that machine, with what differs here. */
  configure(machine: 'pi' | 'office', changes: Record<string, string>): void {
    const place = this.#places[machine];
    let text = example(machine === 'pi' ? 'master.toml' : 'replica.toml');
    const paths = {
      '/opt/herdlinx/instance/herdlinx.db': 'herd.db',
      '/srv/herdlinx/replica.db': 'replica.db',
    };
    for (const [theirs, ours] of Object.entries(paths)) text = text.replace(theirs, join(place, ours));
    text = text.replaceAll('/etc/holdfast/', `${place}/`);
    for (const [key, value] of Object.entries(changes)) {
      expect(text).toMatch(new RegExp(`^${key} = .*$`, 'm'));
      text = text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`);
    }
    const directories = `state_directory = "${join(place, 'state')}"\nrun_directory = "${join(place, 'run')}"\n`;
    writeFileSync(join(place, 'holdfast.toml'), directories + text);
  }

  #words(machine: 'pi' | 'office', words: readonly string[]): string[] {
    const [command = '', ...rest] = words;
    const config = `HOLDFAST_CONFIG=${join(this.#places[machine], 'holdfast.toml')}`;
    const program = command === 'node' ? process.execPath : join(project, 'bin', command);
    return [...this.network.on(machine === 'pi' ? 'server' : 'laptop'), 'env', config, program, ...rest];
  }

  type(machine: 'pi' | 'office', ...words: string[]): Promise<Ended> {
    const [program = '', ...rest] = this.#words(machine, words);
    return runProgram(program, rest);
  }

  /** Starts a service, which ends with the test. */
  async start(machine: 'pi' | 'office', said: RegExp, ...words: string[]): Promise<LineProcess> {
    const service = spawnLines('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...this.#words(machine, words)]);
    onTestFinished(() => service[Symbol.asyncDispose]());
    await service.line(said);
    return service;
  }

  writeKey(key: string): void {
    writeFileSync(join(this.#places.office, 'pull.key'), `${key}\n`, { mode: 0o600 });
  }

  /** What the pages of the office are told. */
  async status(): Promise<Record<string, unknown>> {
    const script = `fetch('http://127.0.0.1:5002/office/api/sync-status').then((answer) => answer.text()).then(console.log)`;
    return JSON.parse((await this.type('office', 'node', '-e', script)).stdout) as Record<string, unknown>;
  }

  /** Reads the replica as the pages do, without a pause, until it is so. */
  async readUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let isOver = false; !isOver;) {
      let hasAnswer = false;
      const asking = Promise.resolve(isSo()).finally(() => (hasAnswer = true));
      do {
        this.#reader ??= new Database(join(this.#places.office, 'replica.db'), { readonly: true });
        this.found.add(Number(this.#reader.prepare('SELECT count(*) FROM cattle').pluck().get()));
        await new Promise(setImmediate);
      } while (!hasAnswer);
      isOver = await asking;
    }
  }

  isAsTheMaster(): boolean {
    const rows = (database: Database.Database | undefined, table: string) =>
      JSON.stringify(database?.prepare(`SELECT * FROM ${table} ORDER BY id`).raw().all());
    return travelling.every((table) => rows(this.#reader, table) === rows(this.app, table));
  }

  tables(): unknown[] {
    const sql =
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_holdfast%' ESCAPE '\\' ORDER BY name";
    return this.#reader?.prepare(sql).pluck().all() ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader?.close();
    this.app.close();
    this.network[Symbol.dispose]();
  }
}

describe.skipIf(missing !== undefined)(`two machines${missing === undefined ? '' : `: ${missing}`}`, () => {
  test('HerdLinx: the office follows the Pi, reads on while it is away, and never finds an empty herd', async () => {
    const herd = new Herd();
    onTestFinished(() => herd[Symbol.asyncDispose]());
    const { app, network } = herd;
    herd.configure('pi', { office: `"sha256:${'0'.repeat(64)}"` });
    expect((await herd.type('pi', 'delta-serve', 'install', '--app', 'herd')).exitCode).toBe(0);
    expect((await herd.type('pi', 'delta-serve', 'cert', '--app', 'herd')).exitCode).toBe(0);
    const made = (await herd.type('pi', 'delta-serve', 'key', 'office')).stdout;
    herd.writeKey(/hxb_\w{40}/.exec(made)?.[0] ?? '');
    herd.configure('pi', { office: /"sha256:[0-9a-f]{64}"/.exec(made)?.[0] ?? '' });
    const master = await herd.start('pi', /serving herd on https/, 'delta-serve', 'run', '--app', 'herd');

    // Who is to be pinned says the Pi itself, and the office sees the same.
    const from = `"https://${there}:5001"`;
    herd.configure('office', { from });
    expect((await herd.type('office', 'delta-pull', 'once', 'herd')).stderr).toContain(
      'another certificate than the pinned one',
    );
    const shown =
      (await herd.type('office', 'delta-pull', 'fingerprint', 'herd')).stdout.split('\n')[0] ?? '';
    expect((await herd.type('pi', 'delta-serve', 'status', '--app', 'herd')).stdout).toContain(shown);

    // Looks are so far apart here that what arrives comes of an announcement.
    herd.configure('office', { from, pin: `"${shown}"`, every_seconds: '3600' });
    const told = await herd.start('office', /took all of it/, 'delta-pull', 'run', 'herd');
    await herd.readUntil(() => herd.isAsTheMaster());
    expect(herd.tables()).toEqual([...travelling].sort());
    app.exec(
      "UPDATE cattle SET weight = weight + 1, updated_at = '2026-11-27 10:00:00.000001' WHERE id % 7 = 0",
    );
    await herd.readUntil(() => herd.isAsTheMaster());
    app.exec("DELETE FROM cattle WHERE id > 1990; INSERT INTO pens VALUES (1, 'P1', 40)");
    await herd.readUntil(() => herd.isAsTheMaster());
    await told.kill('SIGTERM');
    expect(await told.ended).toBe(0);

    // The cable is pulled out: the app writes on, the office reads on, and says why it is behind.
    herd.configure('office', { from: `${from}\ntimeout_seconds = 2`, pin: `"${shown}"`, every_seconds: '1' });
    const office = await herd.start('office', /following https/, 'delta-pull', 'run', 'herd');
    await herd.readUntil(async () => (await herd.status())['last_sync_time'] !== null);
    network.cut();
    app.exec(
      "INSERT INTO weight_records SELECT id, id, weight, '2026-11-27 11:00:00' FROM cattle; DELETE FROM cattle WHERE id < 100",
    );
    await herd.readUntil(async () => (await herd.status())['error'] !== null);
    const { last_sync_time: lastSync, ...behind } = await herd.status();
    expect(behind).toMatchObject({
      running: true,
      sync_interval: 1,
      failed_syncs: expect.any(Number) as number,
    });
    expect(String(behind['error'])).toContain(`cannot pull from https://${there}:5001`);
    expect(herd.isAsTheMaster()).toBe(false);
    network.restore();
    await herd.readUntil(() => herd.isAsTheMaster());
    await herd.readUntil(async () => (await herd.status())['error'] === null);
    const after = await herd.status();
    expect(String(after['last_sync_time']) > String(lastSync)).toBe(true);
    expect(after).toMatchObject({ failed_syncs: expect.any(Number) as number, running: true });

    // All of it anew, while it is read and written.
    expect((await herd.type('office', 'delta-pull', 'resync', 'herd')).stdout).toContain(
      'the service was told',
    );
    app.exec("UPDATE cattle SET notes = 'limps' WHERE id % 5 = 0");
    await herd.readUntil(
      async () => (await herd.status())['last_full_sync_time'] !== after['last_full_sync_time'],
    );
    await herd.readUntil(() => herd.isAsTheMaster());
    expect((await herd.type('office', 'delta-pull', 'status', 'herd')).exitCode).toBe(0);

    expect([...herd.found].sort()).toEqual([1891, 1990, 2000]);
    for (const service of [office, master]) {
      await service.kill('SIGTERM');
      expect(await service.ended).toBe(0);
    }
  });
});
