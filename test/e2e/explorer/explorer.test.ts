// The explorer as its unit runs it, with a real Datasette: what opens is shown, whatever lies beside it and whatever happens to
// it; nothing can be written, typed or taken away; links are right behind a proxy.
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chapters } from '../../../lib/explorer/files.ts';
import { Explorer, makeDatabase, missingForExplorer } from '../../support/datasette.ts';
import { writeHistoryYear } from '../../support/history-year.ts';
import { prefixProxy } from '../../support/prefix-proxy.ts';

const missing = missingForExplorer();
const questions = chapters.flatMap((chapter) => chapter.questions);
const prefix = '/explorer/';

function damage(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xa5, 8 * 4096, 20 * 4096));
}

describe.skipIf(missing.length > 0)(`the explorer (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let state: string;
  let explorer: Explorer;

  beforeAll(async () => {
    state = mkdtempSync(join(tmpdir(), 'holdfast-explorer-'));
    writeHistoryYear(join(state, 'ops.db'), new Date());
    const history = new Database(join(state, 'ops.db'));
    history.exec(`INSERT INTO runs (id, job, command, host, machine, boot_id, pid_namespace, pid, start_ticks, started_at, outcome,
      message, holdfast_version) VALUES ('"><script>steal()</script>', 'db-backup', 'run', 'pi5', '', '', '', 1, 1,
      strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'failed', '<img src=x onerror=steal()>', '0.2.0')`);
    history.close();
    const beside = join(state, 'explorer');
    mkdirSync(join(beside, 'ctv'), { recursive: true });
    mkdirSync(join(state, 'report'));
    writeFileSync(join(state, 'report/index.html'), '<h1>All is well</h1>');
    for (const name of [
      'ctv/ctv.db',
      'sales 2026.db',
      'größe.sqlite',
      'twice.db.db',
      '-dash.sqlite3',
      'it\'s "so".db',
    ])
      makeDatabase(join(beside, name));
    for (const name of ['what?.db', '100%.db', 'a#b.db', 'ops.db', 'notes.txt', '.hidden.db'])
      makeDatabase(join(beside, name));
    makeDatabase(join(beside, 'wal.db'), 'wal');
    makeDatabase(join(beside, 'damaged.db'));
    damage(join(beside, 'damaged.db'));
    writeFileSync(join(beside, 'empty.db'), '');
    writeFileSync(join(beside, 'text.db'), 'no database at all');
    writeFileSync(Buffer.from(`${beside}/b\xffd.db`, 'latin1'), '');
    symlinkSync('/nowhere/gone.db', join(beside, 'gone.db'));
    mkdirSync(join(beside, 'folder.db'));
    execFileSync('mkfifo', [join(beside, 'pipe.db')]);
    explorer = await Explorer.start(state, { EXPLORER_BASE_URL: prefix });
  });
  afterAll(async () => {
    await explorer?.[Symbol.asyncDispose]();
    rmSync(state, { recursive: true, force: true });
  });

  const get = (path: string, init?: RequestInit) =>
    fetch(`${explorer.url}${path}`, { redirect: 'manual', ...init });

  test('shows what opens, by names of all kinds, and says of the rest why not', async () => {
    const shown = await explorer.shown();
    expect(shown).toEqual(['ops', '-dash', 'ctv', 'größe', `it's "so"`, 'sales 2026', 'twice.db']);
    const index = await (await get('/')).text();
    for (const [, to = ''] of index.matchAll(/<h2[^>]*><a href="([^"]+)"/g))
      expect((await get(to)).status, to).toBe(200);
    for (const [name, why] of [
      ['what?.db', 'its name cannot be part of an address'],
      ['100%.db', 'its name cannot be part of an address'],
      ['a#b.db', 'its name cannot be part of an address'],
      ['b?d.db', 'its name is no text'],
      ['ops.db', 'that is the name of the history'],
      ['wal.db', 'it is in WAL mode'],
      ['damaged.db', 'it is damaged: '],
      ['empty.db', 'it is empty'],
      ['text.db', 'it is no SQLite database'],
      ['gone.db', 'No such file or directory'],
      ['folder.db', 'it is no file'],
      ['pipe.db', 'it is no file'],
    ])
      expect(explorer.log).toContain(`<4>explorer: left out: ${name}: ${why}`);
    expect(explorer.log).not.toContain('notes');
  });

  test.each(questions.map(({ name }) => name))('answers %s within its limits', async (name) => {
    const answer = (await (
      await get(`/ops/${name}.json?_shape=objects&days=9999&state=all&check=wal`)
    ).json()) as {
      ok: boolean;
      rows: unknown[];
      truncated: boolean;
    };
    expect(answer).toMatchObject({ ok: true, truncated: false });
    const page = await get(`/ops/${name}`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<h1>')]);
  });

  test('takes no SQL from anybody, lets nothing be written, and nobody take a file away', async () => {
    const before = fingerprint(state);
    const sql = 'sql=select+1';
    for (const database of ['ops', 'ctv', '_internal'])
      for (const path of [`/${database}?${sql}`, `/${database}.json?${sql}`, `/${database}.csv?${sql}`])
        expect((await get(path)).status, path).toBe(403);
    for (const name of ['pragma_database_list', "load_extension('x')", "readfile('/etc/passwd')"])
      expect((await get(`/ops.json?sql=select+*+from+${name}`)).status).toBe(403);
    expect((await get('/ops/runs.json?_where=1%3D1')).status).toBe(403);
    for (const path of ['/ops.db', '/ctv.db', '/ops/runs.csv?_stream=on']) {
      const answer = await get(path);
      expect([path, answer.status, await answer.text()]).toEqual([
        path,
        expect.toSatisfy((status) => status >= 400),
        expect.not.stringContaining('SQLite format 3'),
      ]);
    }
    const writes = ['/ops', '/ops/runs', '/ops/what-failed', '/ops/runs/night-ctv-0', '/-/settings', '/'];
    const later = [
      '/ops/-/create',
      '/ops/runs/-/insert',
      '/ops/runs/-/drop',
      '/ops/runs/night-ctv-0/-/delete',
      '/-/create-token',
    ];
    for (const path of [...writes, ...later])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await get(path, {
          method,
          body: 'sql=delete+from+runs',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        });
        expect([method, path, answer.status >= 400]).toEqual([method, path, true]);
      }
    expect(fingerprint(state)).toEqual(before);
  });

  test('shows text from outside as text', async () => {
    const page = await (await get('/ops/what-failed')).text();
    expect(page).toContain('&lt;img src=x onerror=steal()&gt;');
    expect(page).toContain('?run=%22%3E%3Cscript%3Esteal%28%29%3C%2Fscript%3E"');
    for (const path of [
      '/ops/what-failed',
      '/ops/runs',
      '/ops/one-run?run=%22%3E%3Cscript%3Esteal()%3C/script%3E',
    ])
      expect(await (await get(path)).text()).not.toMatch(/<script>steal|<img src=x/);
  });

  test('does not go on with a query for longer than it may', async () => {
    const limits = (await (await get('/-/settings.json')).json()) as Record<string, unknown>;
    expect(limits).toMatchObject({ sql_time_limit_ms: 3000, max_returned_rows: 1000, allow_download: false });
    expect(limits).toMatchObject({ default_allow_sql: false, base_url: prefix, suggest_facets: false });
  });

  test.each([true, false])(
    'has links that lead somewhere behind a proxy with a prefix that it takes off: %s',
    async (strips) => {
      await using proxy = await prefixProxy(explorer.url, { prefix, strips });
      const asked = new Set<string>();
      const wrong: string[] = [];
      const follow = async (path: string) => {
        if (asked.has(path)) return;
        asked.add(path);
        const answer = await fetch(proxy.url + path);
        if (!answer.ok) wrong.push(`${answer.status} ${path}`);
        return answer.text();
      };
      const tables = ['runs', 'backups?_facet=app', 'measurements?_size=3', 'checks'].map(
        (table) => `ops/${table}`,
      );
      for (const page of [
        '',
        'ops',
        'sales~202026',
        'ops/runs/night-ctv-0',
        ...tables,
        ...questions.map(({ name }) => `ops/${name}`),
      ]) {
        const html = await follow(prefix + page);
        for (const [, raw = ''] of html?.matchAll(/(?:href|action|src)="([^"]+)"/g) ?? []) {
          const to = new URL(
            raw.replaceAll('&amp;', '&').replaceAll('&#34;', '"'),
            proxy.url + prefix + page,
          );
          if (to.origin !== proxy.url) {
            if (!/(^|\.)(github\.com|datasette\.io)$/.test(to.hostname)) wrong.push(`${raw} in ${page}`);
          } else if (!to.pathname.startsWith(prefix)) wrong.push(`${raw} in ${page}`);
          // One of a kind is asked for: the same page with other values is no other kind.
          else if (![...asked].some((path) => path.split('?')[0] === to.pathname))
            await follow(to.pathname + to.search);
        }
      }
      expect(wrong).toEqual([]);
      expect(asked.size).toBeGreaterThan(60);
    },
  );
});

/** Every file with what is in it: no byte has changed, and no file has come. */
function fingerprint(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'buffer' })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => Buffer.concat([Buffer.from(`${String(parentPath)}/`), name]))
    .map(
      (path) => `${path.toString('latin1')} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`,
    )
    .sort();
}
