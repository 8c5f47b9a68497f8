// Where the replicas of a test lie: in files, or in databases of one PostgreSQL server. Both are opened, copied and put back by
// the same names, and read as a file of SQLite.
import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import type { Cell } from '../../lib/delta/cell.ts';
import { formatKey, parseHeldRow } from '../../lib/delta/held-payload.ts';
import type { TableShape } from '../../lib/delta/shape.ts';
import { Mirror } from '../../lib/replica/postgres/mirror.ts';
import { openPostgresReplica } from '../../lib/replica/postgres/open.ts';
import { copyDatabase } from './delta-app.ts';
import { openReplica } from './delta-openers.ts';
import type { OpenReplica } from './delta-receiver.ts';
import { fixedClock } from './fixed-clock.ts';
import { PostgresServer } from './postgres.ts';

export interface ReplicaPlace {
  readonly open: OpenReplica;
  /** While nobody has it open; in the place of what is there. */
  copy(from: string, to: string): Promise<void>;
  /** The path of a database with its rows; where `isWhole` those too that it holds because they do not fit its columns. */
  read(path: string, isWhole: boolean): Promise<string>;
  /** Removes what is below a directory. */
  forget(home: string): Promise<void>;
}

export const inFiles: ReplicaPlace = {
  open: openReplica,
  copy: async (from, to) => copyDatabase(from, to),
  read: async (path) => path,
  forget: async () => undefined,
};

const schema = 'replica';

export class InPostgres implements ReplicaPlace, AsyncDisposable {
  readonly #server: PostgresServer;
  readonly #databases = new Map<string, string>();
  #made = 0;

  private constructor(server: PostgresServer) {
    this.#server = server;
  }

  static async start(): Promise<InPostgres> {
    const server = await PostgresServer.make();
    await server.sql("create role keeper login password 'x'");
    return new InPostgres(server);
  }

  readonly open: OpenReplica = async (path, policy) => {
    const server = this.#server;
    const target = {
      ...{ host: server.directory, port: server.port, user: 'keeper', readPassword: () => 'x' },
      ...{ database: await this.#databaseOf(path), sslmode: 'prefer' as const, rootCertificate: undefined },
    };
    const { signal } = new AbortController();
    return openPostgresReplica({
      ...{ target, schema, policy, signal, clock: fixedClock('2026-06-20T12:00:00Z') },
    });
  };

  async copy(from: string, to: string): Promise<void> {
    const [source, old] = [await this.#databaseOf(from), this.#databases.get(to)];
    if (old !== undefined) await this.#drop(old);
    await this.#deserted(source);
    this.#databases.set(to, await this.#create(source));
  }

  async read(path: string, isWhole: boolean): Promise<string> {
    const file = `${path}-read`;
    rmSync(file, { force: true });
    const database = new Database(file);
    try {
      for (const { made, rows } of await this.#tables(path, isWhole)) fill(database, made, rows);
    } finally {
      database.close();
    }
    return file;
  }

  async forget(home: string): Promise<void> {
    for (const [path, database] of this.#databases) {
      if (!path.startsWith(`${home}/`)) continue;
      this.#databases.delete(path);
      await this.#drop(database);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #tables(path: string, isWhole: boolean) {
    const client = await this.#server.connect({ database: await this.#databaseOf(path) });
    const ask = async (text: string) =>
      (
        await client.query<(string | null)[]>({
          ...{ text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } },
        })
      ).rows;
    await client.query(`set search_path = ${schema}; set extra_float_digits = 1; set bytea_output = 'hex'`);
    const shapes = await ask('select made, shape from _holdfast_shape where made is not null');
    const unfit = isWhole
      ? await ask("select table_name, key, payload from _holdfast_held where reason = 'unfit'")
      : [];
    const tables: { made: TableShape; rows: Cell[][] }[] = [];
    for (const [madeText, shapeText] of shapes) {
      const made = JSON.parse(madeText ?? '') as TableShape;
      const { key } = JSON.parse(shapeText ?? madeText ?? '') as TableShape;
      const mirror = new Mirror(schema, made, { ...made, key });
      const rows = await ask(`select ${mirror.names()} from ${mirror.table}`);
      const byKey = new Map(
        rows.map((row) => mirror.decode(row)).map((cells) => [formatKey(mirror.keyOf(cells)), cells]),
      );
      for (const [table, held, payload] of unfit)
        if (table === made.name) byKey.set(held ?? '', inColumns(made, payload ?? ''));
      tables.push({ made, rows: [...byKey.values()] });
    }
    await client.end();
    return tables;
  }

  async #databaseOf(path: string): Promise<string> {
    const known = this.#databases.get(path);
    if (known !== undefined) return known;
    const made = await this.#create('template0');
    this.#databases.set(path, made);
    return made;
  }

  async #create(template: string): Promise<string> {
    this.#made += 1;
    const name = `replica_${this.#made}`;
    await this.#server.sql(`create database ${name} owner keeper template ${template}`);
    return name;
  }

  async #drop(database: string): Promise<void> {
    await this.#server.sql(`drop database ${database} with (force)`);
  }

  /** A server takes a moment to notice that somebody has gone, and copies nothing that is in use. */
  async #deserted(database: string): Promise<void> {
    const who = `select 1 from pg_stat_activity where datname = '${database}' and backend_type = 'client backend'`;
    while ((await this.#server.sql(who)).length > 0) await new Promise((done) => setImmediate(done));
  }
}

function inColumns({ columns }: TableShape, payload: string): Cell[] {
  const held = parseHeldRow(payload);
  const same = (one: string) => (other: string) => one.toLowerCase() === other.toLowerCase();
  return columns.map(({ name }) => held.cells[held.columns.findIndex(same(name))] ?? null);
}

/** Columns without a type, in which every value stays what it is. */
function fill(database: Database.Database, { name, columns }: TableShape, rows: readonly Cell[][]): void {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const places = columns.map(() => '?').join(', ');
  database.exec(`CREATE TABLE ${quoted(name)} (${columns.map((column) => quoted(column.name)).join(', ')})`);
  // Text that is not valid UTF-8 can be bound as bytes alone.
  const insert = (cells: readonly Cell[]) => {
    const isBroken = (cell: Cell) => typeof cell === 'object' && cell !== null && 'text' in cell;
    const values = cells.map((cell) => (isBroken(cell) ? 'CAST(? AS TEXT)' : '?')).join(', ');
    database
      .prepare(`INSERT INTO ${quoted(name)} VALUES (${cells.some(isBroken) ? values : places})`)
      .run(...cells.map((cell) => (isBroken(cell) ? (cell as { text: Uint8Array }).text : cell)));
  };
  database.transaction(() => rows.forEach(insert))();
}
