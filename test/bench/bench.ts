// npm run bench [-- --megabytes 1000] [--runs 3] [--only local|dropbox|documents|delta|postgres|pages] [--write]: our figures, each beside its peer in
// one run. `--write` writes docs/benchmarks.md.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { project, run } from './commands.ts';
import { benchDocuments } from './documents.ts';
import { benchDelta } from './delta.ts';
import { benchDropbox } from './dropbox.ts';
import { benchLocal } from './local.ts';
import { makeLargeDatabase } from './make-database.ts';
import { benchPages } from './pages.ts';
import { benchPostgres } from './postgres.ts';
import { markdownTable, type Row } from './table.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const megabytes = Number(values.megabytes);
const times = Number(values.runs);
const home = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));

try {
  await bench();
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const wants = (part: string) => values.only === undefined || values.only === part;
  const rows: Row[] = [];
  if (wants('local') || wants('dropbox')) {
    const [small, large] = [join(home, 'small.db'), join(home, 'large.db')];
    console.error(`making databases of ${megabytes / 10} and ${megabytes} MB …`);
    makeLargeDatabase(small, megabytes / 10);
    makeLargeDatabase(large, megabytes);
    await run('sync', []); // or what is measured first waits for the disk to take these
    if (wants('local')) rows.push(...(await benchLocal({ home, small, large, megabytes, times })));
    // With a state of its own: one that knows another store would refuse this one.
    const remote = join(home, 'remote');
    mkdirSync(remote);
    if (wants('dropbox'))
      rows.push(
        ...(await benchDropbox({ home: remote, small, large, megabytes, transferMegabytes: 256, times: 1 })),
      );
  }
  if (wants('documents')) rows.push(...(await benchDocuments({ home, times })));
  if (wants('delta')) rows.push(...(await benchDelta({ home, times })));
  if (wants('postgres')) rows.push(...(await benchPostgres({ home, times })));

  if (wants('pages')) {
    const database = join(home, 'pages.db');
    makeLargeDatabase(database, megabytes);
    await run('sync', []);
    rows.push(...(await benchPages({ home, database, megabytes, times })));
  }

  const table = markdownTable(rows);
  console.log(table);
  if (values.write) writeFileSync(join(project, 'docs/benchmarks.md'), await page(table));
  if (rows.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function page(table: string): Promise<string> {
  const sqlite = (await run('sqlite3', ['--version'])).stdout.split(' ')[0];
  const restic = (await run('restic', ['version'])).stdout.split(' compiled')[0];
  const rclone = (await run('rclone', ['version'])).stdout.split('\n')[0];
  const os = existsSync('/etc/os-release')
    ? (/PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '')
    : '';
  const { version } = JSON.parse(
    readFileSync(join(project, 'node_modules/better-sqlite3/package.json'), 'utf8'),
  ) as { version: string };
  return `# Benchmarks

\`npm run bench -- --write\` writes this page. Each pair ran in turns in one run, after an uncounted round; the figures
are medians of ${times} (of one transfer over the slow line). The database is generated: ${megabytes} MB, three tables, in WAL mode,
with five indexes, four of them in an order that has nothing to do with the order of the rows.

Machine: ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${os}. Node ${process.versions.node}, better-sqlite3 ${version}, sqlite3 ${sqlite}, ${restic}, ${rclone}.

${table}

Times are of whole processes, start included. "Whole \`db-backup backup\`" is configuration, lock, snapshot, SHA-256 and
Dropbox hash, integrity check, rows per table, schema hash, foreign keys, publishing into a directory store, manifest
and history; beside it stand the three commands one after the other.

Memory is the most anonymous memory that a command and its children held at once, looked at every 10 ms. The pages of the
database that a check maps are not in it: the kernel takes them back when it wants them (docs/decisions/mapped-check.md).

The longest commit is the writer's own checkpoint of the log that grew while a copy held it: the first one after a
snapshot ends. docs/decisions/log-write-back.md says what it consists of.

A million rows have eight columns (an integer key, four texts, an integer, two REALs of which one has 17 digits), 1,500 days are a
generated season of TagTracker with up to 400 visits a day. "Its queries alone" are the days query and the document query of each day in
a bare Node.

Row changes go through \`delta-push run\` and \`delta-receive run\` on loopback. A row has seven columns; noting changes is measured
in transactions of a hundred rows, in turns with a database that has no triggers.

The 1.8 million rows in PostgreSQL are bags, links and scans in ten tables with 70 indexes; a dump and its proof are one process, with
pg_dump and pg_restore as its children, whose memory is counted.

Backups in pages are of the same database, in which 1,600 rows come and 2,000 change between two nights; what is counted is what a
directory store, restic's repository or rclone's target grew by. A run that makes an increment is the whole \`db-backup backup\` of an app in pages, a plain one
that of an app in plain files, each after a night of its own; what is beyond snapshot and proof is the difference of both.

Dropbox is a stand-in on the same machine behind a line of 100 Mbit/s and 50 ms a request, which rclone uses as well.
"The bare line" is what the bytes alone take at that rate. Our transfers are
timed from the first request to the last byte on the disk (the proof of a backup has hashed the file before), rclone's as
whole processes.
`;
}
