// The layers of docs/architecture.md, kept by a test: without one, even careful code grows cycles.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { allJobs } from '../units/install/all-jobs.ts';
import { guards } from './support/attacker/guards.ts';

const root = resolve(import.meta.dirname, '..');

const ranks: Record<string, number> = {
  'lib/base': 0,
  'lib/explorer': 1,
  'lib/incident': 1,
  'lib/record': 1,
  'lib/source': 1,
  'lib/backup': 2,
  'lib/delta': 2,
  'lib/export': 2,
  'lib/files': 2,
  'lib/health': 2,
  'lib/config': 3,
  'lib/history': 3,

  'lib/lock': 3,
  'lib/notify': 3,
  'lib/placement': 3,
  'lib/postgres': 3,
  'lib/process': 3,
  'lib/sqlite': 3,
  'lib/store': 3,
  'lib/http': 4,
  'lib/seal': 3,
  'lib/probe': 4,
  'lib/replica': 4,
  'lib/report': 4,
  'lib/repository': 4,
  'lib/run': 5,
  'jobs/steps': 6,
  'jobs/alert-send/steps': 7,
  'jobs/db-backup/steps': 7,
  'jobs/db-export-json/steps': 7,
  'jobs/db-maintain/steps': 7,
  'jobs/delta-pull/steps': 7,
  'jobs/delta-push/steps': 7,
  'jobs/delta-receive/steps': 7,
  'jobs/delta-serve/steps': 7,
  'jobs/health-check/steps': 7,
  'jobs/restore/steps': 7,
  'jobs/alert-send': 8,
  'jobs/db-backup': 8,
  'jobs/db-export-json': 8,
  'jobs/db-maintain': 8,
  'jobs/delta-pull': 8,
  'jobs/delta-push': 8,
  'jobs/delta-receive': 8,
  'jobs/delta-serve': 8,
  'jobs/health-check': 8,
  'jobs/restore': 8,
  jobs: 9,
  'units/install': 10,
  units: 11,
};

/** Each package, and the one folder or file that may import it. */
const importers: Record<string, string> = {
  'age-encryption': 'lib/seal/age.ts',
  'better-sqlite3': 'lib/sqlite/open.ts',
  commander: 'lib/run/options.ts',
  'd3-scale': 'lib/report/chart-frame.ts',
  'd3-shape': 'lib/report/line-chart.ts',
  dropbox: 'lib/store/dropbox/sdk.ts',
  execa: 'lib/process/run-command.ts',
  fastify: 'lib/http/', // each of its servers
  jose: 'lib/http/token.ts',
  'node-notifier': 'lib/notify/desktop.ts',
  pg: 'lib/postgres/connection.ts',
  'proper-lockfile': 'lib/lock/heartbeat-lock.ts',
  qr: 'lib/seal/',
  selfsigned: 'lib/http/certificate.ts',
  'smol-toml': 'lib/config/toml.ts',
  tsx: 'lib/run/typescript.mjs',
  ws: 'lib/http/announcements.ts',
  zod: 'lib/config',
  zx: 'units/install.ts',
};

/** Folders whose code computes and nothing else. */
const pure = [
  'lib/base',
  'lib/record',
  'lib/source',
  'lib/backup',
  'lib/incident',
  'lib/delta',
  'lib/export',
  'lib/health',
  'lib/explorer',
];

interface Import {
  from: string;
  /** A path below the root, or a package. */
  to: string;
  typeOnly: boolean;
}

const sources = ['lib', 'jobs', 'units'].flatMap((folder) => filesBelow(join(root, folder)));
const imports = sources.flatMap(importsOf);

describe('the layers', () => {
  test('are read from the code at all', () => {
    expect(imports.length).toBeGreaterThan(200);
    expect(imports).toContainEqual({
      from: 'jobs/db-backup.ts',
      to: 'jobs/db-backup/run.ts',
      typeOnly: false,
    });
  });

  test('every folder has a rank', () => {
    const folders = new Set(sources.map(folderOf));
    expect([...folders].filter((folder) => ranks[folder] === undefined)).toEqual([]);
  });

  test('imports go strictly downward, and folders of one rank never import each other', () => {
    const upward = imports
      .filter(({ from, to }) => isOurs(to) && folderOf(from) !== folderOf(to))
      .filter(({ from, to }) => rankOf(from) <= rankOf(to))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(upward).toEqual([]);
  });

  test('a command never imports another: what they share is a step', () => {
    const isCommand = (file: string) => /^jobs\/[^/]+\/[^/]+\.ts$/.test(file) && !/^jobs\/steps\//.test(file);
    const siblings = imports
      .filter(({ from, to }) => isCommand(from) && folderOf(from) === folderOf(to))
      .filter(({ to }) => !to.endsWith('/parameters.ts'))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(siblings).toEqual([]);
    expect(imports.some(({ from, to }) => isCommand(from) && to.endsWith('/parameters.ts'))).toBe(true);
  });

  test('files form no cycle', () => {
    expect(cycles(imports)).toEqual([]);
  });

  test('each package has one importer', () => {
    const strangers = imports
      .filter(({ to }) => !isOurs(to) && !to.startsWith('node:'))
      .filter(({ from, to }) => !from.startsWith(importers[packageName(to)] ?? '(nobody)'))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(strangers).toEqual([]);
  });

  test('only placement itself writes or ends the intent of a placement', () => {
    const strangers = imports
      .filter(({ to }) => to === 'lib/placement/intent-file.ts')
      .filter(({ from }) => folderOf(from) !== 'lib/placement');
    expect(strangers).toEqual([]);
  });

  test('pure folders touch neither files nor processes nor the network', () => {
    const impure = imports
      .filter(
        ({ from, to }) => pure.includes(folderOf(from)) && to.startsWith('node:') && to !== 'node:crypto',
      )
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(impure).toEqual([]);
  });
});

describe('the habits', () => {
  test('the environment is read in one place', () => {
    const readers = matching(/process\.env/).filter(
      // open.ts sets a switch for SQLite, typescript.mjs looks for a place for compiled code before anything else.
      (file) =>
        ![
          'lib/config/environment.ts', // takes the secrets out of it
          'lib/config/load.ts',
          'lib/config/service-manager.ts', // what systemd says of this run, which is no setting
          'lib/config/watchdog.ts',
          'lib/sqlite/open.ts',
          'lib/process/run-briefly.ts', // hands on what is no secret
          'lib/sqlite/started-process.ts', // the same
          'lib/run/typescript.mjs',
          'units/install.ts', // hands it on to systemctl
        ].includes(file),
    );
    expect(readers).toEqual([]);
  });

  test('the time of day is read in one place', () => {
    expect(matching(/new Date\(\)|Date\.now/).filter((file) => file !== 'lib/base/clock.ts')).toEqual([]);
  });

  test('what is copied is known to the jobs by its contract alone; what only SQLite needs a restore does', () => {
    const knowing = imports
      .filter(({ from, to }) => from.startsWith('jobs/') && to.startsWith('lib/sqlite/'))
      .map(({ from }) => from);
    expect([...new Set(knowing)].sort()).toEqual([
      'jobs/restore/steps/replace-database.ts',
      'jobs/restore/steps/undo-placement.ts',
      'jobs/steps/place-copy.ts',
    ]);
  });

  test('nothing prints by itself, and nothing exits but the start', () => {
    // A service is over though its sockets are open, a run though nobody reads its log.
    expect(matching(/\bconsole\.|process\.exit\(/)).toEqual(['lib/run/start-service.ts', 'lib/run/start.ts']);
    expect(
      matching(/process\.(stdout|stderr|stdin|exitCode|argv)/).filter(
        (file) =>
          ![
            ...['start', 'start-service', 'log-sink', 'result-output', 'prompt'].map(
              (name) => `lib/run/${name}.ts`,
            ),
            'units/install.ts',
          ].includes(file),
      ),
    ).toEqual([]);
  });

  test('there are no barrels and no catch-alls', () => {
    const names = sources.map((file) => file.split('/').at(-1) ?? '');
    expect(names.filter((name) => /^(index|utils?|common|helpers?|manager|misc)\.ts$/.test(name))).toEqual(
      [],
    );
  });

  test('no file is longer than 250 lines', () => {
    const long = sources.filter((file) => text(file).split('\n').length > 251);
    expect(long).toEqual([]);
  });

  test('every file says in its first line what it is', () => {
    expect(sources.filter((file) => !text(file).startsWith('// '))).toEqual([]);
  });

  test.each(guards)('$file has one line that $does, as the attacks know it', ({ file, from, to }) => {
    expect(text(file).split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });

  test('no test replaces modules', () => {
    const forbidden = new RegExp(['vi', 'mock'].join(String.raw`\.`));
    const tests = filesBelow(join(root, 'test')).filter((file) => forbidden.test(text(file)));
    expect(tests).toEqual([]);
  });

  test('every job has its launcher, and all launchers are the same', () => {
    const jobs = readdirSync(join(root, 'jobs')).filter((name) => name.endsWith('.ts'));
    const launchers = readdirSync(join(root, 'bin'));
    expect(launchers.sort()).toEqual(jobs.map((name) => name.replace(/\.ts$/, '')).sort());
    expect(allJobs.map(({ name }) => name)).toEqual(launchers);
    const texts = new Set(launchers.map((name) => readFileSync(join(root, 'bin', name), 'utf8')));
    expect(texts.size).toBe(1);
    for (const name of launchers) expect(statSync(join(root, 'bin', name)).mode & 0o111).toBe(0o111);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.m?ts$|\.mjs$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Static, type-only, side-effect and dynamic imports, read by the compiler's own parser. */
function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, text(file), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const to = specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(file), specifier))
      : specifier;
    found.push({ from: file, to, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier !== undefined
    ) {
      const typeOnly =
        ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add((node.moduleSpecifier as ts.StringLiteral).text, typeOnly);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument)) add(argument.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Cycles that exist at run time: a type alone cannot close one. */
function cycles(edges: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of edges) {
    if (isOurs(to) && !typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const walk = (file: string, trail: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open')
      return void found.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
    state.set(file, 'open');
    for (const target of next.get(file) ?? []) walk(target, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of next.keys()) walk(file, []);
  return found;
}

function isOurs(to: string): boolean {
  return /^(lib|jobs|test|units|bin)\//.test(to) || to === 'package.json';
}

function folderOf(file: string): string {
  const parts = file.split('/').slice(0, -1);
  return parts[0] === 'jobs' ? parts.join('/') : parts.slice(0, 2).join('/');
}

function rankOf(file: string): number {
  return ranks[folderOf(file)] ?? -1;
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function matching(pattern: RegExp): string[] {
  return sources.filter((file) => pattern.test(text(file).replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '')));
}

function text(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
