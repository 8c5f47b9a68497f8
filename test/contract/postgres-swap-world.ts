// Databases to put others in the place of, on a real server: one with a week of its own behind it, and an archive of what it was before.
import { execFileSync } from 'node:child_process';
import { openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRunner } from '../../lib/base/command.ts';
import type { PostgresTarget } from '../../lib/health/postgres-target.ts';
import { lookAtDatabases, type PlaceLook } from '../../lib/postgres/swap/look.ts';
import { isNewName, undoOrder } from '../../lib/postgres/swap/names.ts';
import { quote } from '../../lib/postgres/names.ts';
import { type Place, type PlaceOptions, withPlace } from '../../lib/postgres/swap/place.ts';
import { prepareNew, type ProvenArchive } from '../../lib/postgres/swap/prepare-new.ts';
import { type Swapped, type SwapOptions, swap } from '../../lib/postgres/swap/swap.ts';
import { runCommand } from '../../lib/process/run-command.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { type PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { recordingLog } from '../support/recording-log.ts';

export const replacedBy = 'backups/bags/bags-20261127T020500Z.dump';

let databases = 0;

/** A server with an app's database, and what a restore of it takes. */
export class SwapWorld {
  readonly server: PostgresServer;
  readonly name: string;
  readonly clock = fixedClock('2026-11-28T02:05:13Z');
  readonly log = recordingLog();
  readonly archive: ProvenArchive & { readonly path: string };
  given: Partial<PostgresTarget> = {};
  run: CommandRunner = runCommand;
  signal = new AbortController().signal;

  private constructor(server: PostgresServer, name: string, archive: SwapWorld['archive']) {
    this.server = server;
    this.name = name;
    this.archive = archive;
  }

  /** The archive has one bag, and the database two since. */
  static async make(server: PostgresServer, { called = '', setUp = '' } = {}): Promise<SwapWorld> {
    databases += 1;
    const name = called === '' ? `bags_${databases}` : called;
    await server.sql(`create database ${quote(name)} owner app`);
    const own = `create table bag (code text); insert into bag values ($$old$$); alter table bag owner to app`;
    await server.sql(`${own}; ${setUp.replaceAll('NAME', quote(name))}`, name);
    const world = new SwapWorld(server, name, dump(server, name));
    await world.sql('insert into public.bag values ($$newer$$)');
    return world;
  }

  target(given: Partial<PostgresTarget> = {}): PostgresTarget {
    return {
      host: this.server.directory,
      port: this.server.port,
      user: 'app',
      database: this.name,
      sslmode: 'disable',
      rootCertificate: undefined,
      readPassword: () => undefined,
      ...this.given,
      ...given,
    };
  }

  /** What the superuser is answered there. */
  sql(text: string, database = this.name): Promise<Record<string, unknown>[]> {
    return this.server.sql(text, database);
  }

  options(given: Partial<PostgresTarget> = {}): PlaceOptions {
    const { clock, log, signal } = this;
    return {
      target: this.target(given),
      run: this.run,
      clock,
      log,
      act: `restore ${this.name}`,
      signal,
      lockWaitMs: 300,
    };
  }

  withPlace<T>(work: (place: Place) => Promise<T>, given: Partial<PostgresTarget> = {}): Promise<T> {
    return withPlace(this.options(given), work);
  }

  look(): Promise<PlaceLook> {
    return this.withPlace((place) => place.ask((session) => lookAtDatabases(session, place.name)));
  }

  /** A restore, from its beginning to its end. */
  restore(options: Partial<SwapOptions> = {}, given: Partial<PostgresTarget> = {}): Promise<Swapped> {
    return this.withPlace(async (place) => {
      await using ready = await prepareNew(place, this.archive);
      const swapped = await swap(place, ready, { replacedBy, others: 'refuse', ...options });
      await swapped.keep();
      return swapped;
    }, given);
  }

  /** The codes of the bags there; undefined where there is no such database. */
  async bags(database = this.name): Promise<string[] | undefined> {
    const there = await this.server.sql('select datname from pg_database');
    if (!there.some(({ datname }) => datname === database)) return undefined;
    const rows = await this.sql('select code from public.bag order by ctid', database);
    return rows.map(({ code }) => String(code));
  }

  /** All of ours on the server, and the one that the app knows. */
  async databases(): Promise<string[]> {
    const rows = await this.server.sql('select datname from pg_database order by oid');
    const own = rows.map(({ datname }) => String(datname));
    const isOurs = (each: string) => isNewName(this.name, each) || undoOrder(this.name, each) !== undefined;
    return own.filter((each) => each === this.name || isOurs(each));
  }
}

/** What pg_dump makes of it, held open until the test is over. */
function dump(server: PostgresServer, name: string): SwapWorld['archive'] {
  const path = join(server.directory, `${databases}.dump`);
  const args = ['-Fc', '-f', path, '-h', server.directory, '-p', String(server.port), '-U', 'postgres'];
  execFileSync(join(postgresPrograms() ?? '', 'pg_dump'), [...args, '-d', asConninfo(name)]);
  const fd = openSync(path, 'r');
  return { path, fd, sizeBytes: statSync(path).size, called: replacedBy };
}

/** So that nothing in it is taken for an address. */
function asConninfo(name: string): string {
  return `dbname='${name.replace(/['\\]/g, String.raw`\$&`)}'`;
}
