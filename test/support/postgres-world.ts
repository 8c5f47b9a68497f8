// A world whose app has a PostgreSQL database, on a real server that all tests of a file share.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresServer } from './postgres.ts';
import { TypedWorld } from './typed-world.ts';

/** What an address must carry without breaking, and what nobody may be shown. */
export const password = `p@ss:/?#%20 "'\\=&`;

/** A server with the role `app`, who owns the databases of its worlds and may prove dumps. */
export async function serverWithApp(): Promise<PostgresServer> {
  const server = await PostgresServer.make();
  await server.sql(`create role app login createdb password '${password.replaceAll("'", "''")}'`);
  return server;
}

let databases = 0;

/** An app called `bags`; its database has a name of its own. */
export class PostgresWorld extends TypedWorld {
  readonly server: PostgresServer;
  readonly name: string;
  readonly urlFile = join(this.home, 'secrets', 'bags-url');

  private constructor(server: PostgresServer) {
    super();
    databases += 1;
    this.server = server;
    this.name = `bags_${databases}`;
  }

  /** With a database in which there are `rows` bags, and as many scans. */
  static async make(server: PostgresServer, rows = 100): Promise<PostgresWorld> {
    const world = new PostgresWorld(server);
    await server.sql(`create database ${world.name} owner app`);
    await world.sql(`set role app;
      create table bag (id serial primary key, code text not null unique, parent_id int references bag);
      create table scan (id bigserial primary key, bag_id int not null references bag, at timestamptz not null default now());
      insert into bag (code) select 'bag ' || n from generate_series(1, ${rows}) n;
      insert into scan (bag_id) select id from bag`);
    world.configureServer();
    return world;
  }

  /** Further lines of TOML; the address is in a file with the password. */
  configureServer({ app = '', top = '' }: { app?: string; top?: string } = {}): void {
    mkdirSync(join(this.home, 'secrets'), { recursive: true });
    const at = `127.0.0.1:${this.server.port}/${this.name}?sslmode=disable`;
    writeFileSync(this.urlFile, `postgresql+psycopg2://app:${encodeURIComponent(password)}@${at}\n`);
    chmodSync(this.urlFile, 0o600);
    const lines = [
      `state_directory = ${JSON.stringify(this.state)}`,
      `run_directory = ${JSON.stringify(join(this.home, 'run'))}`,
      'clock = "trusted"',
      top,
      `[store]\nkind = "directory"\npath = ${JSON.stringify(this.store)}`,
      `[apps.bags]\npostgres_url_file = ${JSON.stringify(this.urlFile)}`,
      app,
    ];
    writeFileSync(this.config, lines.join('\n'));
  }

  /** What its database answers the superuser. */
  sql(text: string): Promise<Record<string, unknown>[]> {
    return this.server.sql(text, this.name);
  }
}
