// A dump of PostgreSQL that is proven, beside what a person would type: pg_dump, and pg_restore into an empty database.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { watchAnonymousMemory } from '../support/anonymous-memory.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { makeTraitorTrack } from '../support/traitortrack.ts';
import { project, run } from './commands.ts';
import { inTurns, plainRow, type Row, timeRow, untakenRow } from './table.ts';

const rowCount = 1_800_000;
const megabytesMax = 150;
const database = 'traitortrack';

export async function benchPostgres({ home, times }: { home: string; times: number }): Promise<Row[]> {
  const figure = 'dump and proof of 1.8 million rows in PostgreSQL';
  const programs = postgresPrograms();
  if (programs === undefined) return [untakenRow(figure, 'there is no PostgreSQL here')];
  await using server = await PostgresServer.make();
  server.configure({ shared_buffers: "'128MB'", max_wal_size: "'4GB'" });
  server.stop();
  server.start();
  await server.sql('create role app login createdb');
  await makeTraitorTrack(server, { database, owner: 'app', rows: rowCount });
  const dump = join(home, 'traitortrack.dump');
  let peakBytes = 0;
  const ours = async () => {
    rmSync(dump, { force: true });
    const script = join(project, 'test/fixtures/back-up-postgres.ts');
    const where = [server.directory, String(server.port), 'app', database, dump];
    const running = run(process.execPath, [...process.execArgv, script, ...where], {
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    const memory = watchAnonymousMemory(running.child.pid ?? 0);
    await running;
    peakBytes = Math.max(peakBytes, memory.end());
  };
  const byHand = async () => {
    rmSync(dump, { force: true });
    await server.sql('drop database if exists empty');
    await server.sql('create database empty owner app template template0');
    const where = ['--host', server.directory, '--port', String(server.port), '--username', 'app'];
    const started = performance.now();
    await run(join(programs, 'pg_dump'), [...where, '-Fc', '-f', dump, database]);
    await run(join(programs, 'pg_restore'), [...where, '-d', 'empty', dump]);
    return performance.now() - started;
  };
  const [withProof, without] = await inTurns(ours, byHand, { times });
  return [
    timeRow(figure, withProof, 'pg_dump -Fc + pg_restore', without, 1.3),
    plainRow('peak anonymous memory of that', peakBytes / 1e6, megabytesMax, 'MB'),
  ];
}
