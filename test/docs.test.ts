// The docs are true: generated pages are fresh, samples parse, every key and exit code is explained, links lead somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exitCodeTable } from '../lib/base/exit-code.ts';
import { allChecks } from '../lib/health/all-checks.ts';
import { parseConfigFile } from '../lib/config/parse.ts';
import { fileSchema } from '../lib/config/schema.ts';
import { parseInstallArguments } from '../units/install/arguments.ts';
import { allJobs } from '../units/install/all-jobs.ts';
import { commandPages } from './support/command-pages.ts';
import { refusal } from './support/hints.ts';
import { commandLines, commandsOf, isCommandLine, ourWords, wordsOf } from './support/tried/command-lines.ts';
import { isOnMachine, nowhere, partsWithLines, sayings, triedLines } from './support/tried/places.ts';
import { parts } from './support/tried/sections.ts';

const root = resolve(import.meta.dirname, '..');

describe('the command pages', () => {
  test('are what --help prints', () => {
    const pages = commandPages();
    expect(readdirSync(join(root, 'docs/commands')).sort()).toEqual(pages.map(({ name }) => `${name}.md`));
    for (const { name, text } of pages) expect(read(`docs/commands/${name}.md`)).toBe(text);
  });

  test('show every example as a command that exists', async () => {
    for (const job of allJobs) {
      for (const { command } of job.examples) {
        const [name, word] = command.split(' ');
        expect(name).toBe(job.name);
        if (word !== undefined) expect(job.commands.map((known) => known.name)).toContain(word);
        if (word !== undefined) expect(await refusal(wordsOf(command)), command).toBe('');
      }
    }
  });
});

describe('the configuration', () => {
  test.each([
    'etc/holdfast.toml',
    ...readdirSync(join(root, 'etc/examples'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.toml'))
      .map((name) => `etc/examples/${name}`),
  ])('%s parses', (file) => {
    expect(() => parseConfigFile(read(file), file)).not.toThrow();
  });

  test('has a line in docs/configuration.md for every key', () => {
    const page = read('docs/configuration.md');
    const missing = keysOf(
      z.toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
    ).filter((key) => !page.includes(`\`${sharedKey(key)}\``));
    expect(missing).toEqual([]);
  });
});

test('docs/operations.md explains every exit code', () => {
  const page = read('docs/operations.md');
  const missing = exitCodeTable().filter(({ code, meaning }) => !page.includes(`| ${code} | ${meaning} |`));
  expect(missing).toEqual([]);
});

test('docs/operations.md says of every check what it means', () => {
  const page = read('docs/operations.md').split('## What health-check says')[1]?.split(/^## /m)[0] ?? '';
  expect([...page.matchAll(/^### (.*)$/gm)].map(([, name]) => name).sort()).toEqual(
    allChecks.map(({ name }) => name).sort(),
  );
});

test('every link between pages leads to a file', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...markdownBelow('docs'),
    ...markdownBelow('etc/examples'),
  ];
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, target]) => join(dirname(page), target ?? ''))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${page} -> ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every decision page is listed', () => {
  const index = read('docs/decisions/README.md');
  const pages = readdirSync(join(root, 'docs/decisions')).filter((name) => name !== 'README.md');
  expect(pages.filter((name) => !index.includes(`(${name})`))).toEqual([]);
});

describe('every command line in the pages', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...markdownBelow('docs'),
    ...markdownBelow('etc/examples'),
  ].filter((page) => !/^docs\/(commands|changes)\//.test(page));
  const lines = pages.flatMap((page) =>
    commandLines(page, read(page)).flatMap((line) =>
      commandsOf(line.text.replaceAll(/<[a-z -]+>/g, 'x')).map((text) => ({ ...line, text })),
    ),
  );

  test('of ours is taken by its parser', async () => {
    const refused: string[] = [];
    let tried = 0;
    for (const { page, number, text } of lines) {
      const words = ourWords(text);
      if (words.length < 2) continue;
      tried += 1;
      const said = await refusal(words);
      // In a sentence the backup may be left out.
      const isMeant =
        said !== '' && !said.startsWith('Usage: ') && !/^restore (run|plan)$/.test(words.join(' '));
      if (isMeant) refused.push(`${page}:${number}: ${text}: ${said}`);
    }
    expect(refused).toEqual([]);
    expect(tried).toBeGreaterThan(60);
  });

  test('of npm is a script that is there, and the installer takes what it is told', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const installs: string[][] = [];
    for (const { page, number, text } of lines) {
      const [, script, rest = ''] = /(?:^|\s)npm run ([\w:-]+)(?: -- (.*))?$/.exec(text) ?? [];
      if (script === undefined) continue;
      expect(Object.keys(scripts), `${page}:${number}: ${text}`).toContain(script);
      if (script === 'units' && rest !== '') installs.push(wordsOf(rest));
    }
    for (const args of installs) expect(() => parseInstallArguments(args), args.join(' ')).not.toThrow();
    expect(installs.length).toBeGreaterThan(5);
  });

  test('of README and the runbook is tried, or is said not to be, and why', () => {
    const tried = triedLines();
    const unknown = tried
      .filter(({ text, isBlock }) => !isBlock && !isCommandLine(text) && !sayings.includes(text))
      .map(({ page, number, text }) => `${page}:${number}: ${text}`);
    expect(unknown, 'a program for others in command-lines.ts, or a saying in places.ts').toEqual([]);
    const texts = new Set(tried.map(({ text }) => text));
    expect([...Object.keys(nowhere), ...sayings].filter((text) => !texts.has(text))).toEqual([]);
    for (const { part, lines: typed } of partsWithLines()) {
      const named = [...Object.keys(part.exits ?? {}), ...Object.keys(part.before ?? {})];
      expect(
        named.filter((text) => !typed.some((line) => line.text === text)),
        part.sections.join(', '),
      ).toEqual([]);
    }
    const sections = new Set(tried.map(({ section }) => section));
    expect(parts.flatMap((part) => part.sections).filter((section) => !sections.has(section))).toEqual([]);
    expect(parts.filter(({ from }) => from !== undefined && !texts.has(from))).toEqual([]);
    const placed = partsWithLines().flatMap((part) => part.lines);
    const left = tried.filter(
      ({ text, ...line }) =>
        !(text in nowhere) &&
        !sayings.includes(text) &&
        !isOnMachine({ text, ...line }) &&
        !placed.some((one) => one.number === line.number && one.text === text),
    );
    expect(left).toEqual([]);
  });
});

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

/** Every leaf as the page writes it: `apps.<name>.keep.last`. */
function keysOf(schema: JsonSchema, path: string[] = []): string[] {
  const inner = schema.additionalProperties;
  if (typeof inner === 'object' && inner.properties !== undefined) return keysOf(inner, [...path, '<name>']);
  // A table that may be one of several kinds has the keys of all of them.
  if (schema.oneOf !== undefined) return schema.oneOf.flatMap((kind) => keysOf(kind, path));
  if (schema.items?.properties !== undefined)
    return keysOf(schema.items, [...path.slice(0, -1), `${path.at(-1)}[]`]);
  if (schema.properties === undefined) return [path.join('.')];
  return Object.entries(schema.properties).flatMap(([key, value]) => keysOf(value, [...path, key]));
}

/** The keys that every check has are explained once. */
function sharedKey(key: string): string {
  return key.replace(/^health\.[a-z-]+\.(warn|critical|every|failures|recoveries|off)$/, 'health.<check>.$1');
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
