// Every hint that stands in the code, as far as it can be read there: the commands of ours in it are taken by their parsers,
// the programs of others are ones that are known, and paths in their arguments are quoted for a shell. What hints say when
// they are printed is looked at in every test that runs a command in this process (test/support/hints.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { commandsIn, completeHint, namedCommands } from '../lib/run/hint.ts';
import { typedOptions } from '../lib/run/typed.ts';
import { fixedClock } from './support/fixed-clock.ts';
import { refusal } from './support/hints.ts';
import { runInProcess } from './support/in-process.ts';
import { jobs, TypedWorld } from './support/typed-world.ts';
import { makeBookings } from './support/world.ts';

const root = resolve(import.meta.dirname, '..');
const files = ['lib', 'jobs', 'units'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

/** Texts that are given as hints: literals and templates behind a name that says so. */
const hints = files.flatMap((file) => {
  const code = readFileSync(join(root, file), 'utf8');
  const found = code.matchAll(
    /\b(?:hint|\w+Hint|taken|sideFile)\b\s*[:=][^;{}]*?((?:(['`])(?:\\.|(?!\2)[^\\])*\2\s*\+?\s*)+)/g,
  );
  return [...found].map(([, literal = '']) => ({ file, text: textOf(literal) }));
});

/** The text of the literals, with a word for each value. */
function textOf(literal: string): string {
  return [...literal.matchAll(/(['`])((?:\\.|(?!\1)[^\\])*)\1/g)]
    .map(([, , inner = '']) => inner)
    .join('')
    .replaceAll(/\$\{[^}]*\}/g, 'x1')
    .replaceAll(/\\(.)/g, '$1');
}

test('hints are found in the code at all', () => {
  expect(hints.length).toBeGreaterThan(120);
  expect(hints.filter(({ text }) => commandsIn(text).length > 0).length).toBeGreaterThan(25);
});

test('the commands of ours in them are taken by their parsers', async () => {
  const refused: string[] = [];
  for (const { file, text } of hints)
    for (const words of commandsIn(text)) {
      // Alone it asks which backup is meant.
      const isBare = words.length === 2 && ['restore plan', 'restore run'].includes(words.join(' '));
      const said = isBare ? 'no backup is named' : await refusal(words);
      if (said !== '') refused.push(`${file}: ${words.join(' ')}: ${said}`);
    }
  expect(refused).toEqual([]);
});

test('a command of a job is never named without its job', () => {
  const names = Object.values(namedCommands).flatMap((commands) => Object.keys(commands));
  const long = names.filter((name) => name.includes('-'));
  const alone = hints.filter(({ text }) =>
    long.some((name) => new RegExp(`(?<!db-backup |db-export-json |delta-push )\\b${name}\\b`).test(text)),
  );
  expect(alone).toEqual([]);
});

/** Where a value of ours stands in the command line of another program it is quoted, or is a number, a unit, an ID. */
const quoted =
  /\$\{(?:shellWord\(|spaceCommand\(|pid|startedBy\.pid|unit|uid|status\.uid|error\.line|editedPath|word\})/;
const programs =
  /\b(?:df -h|fuser -v|ls -\w+|chmod [\w+]+|mv|rm|mkdir -p|editor \+\S+|install -\w+|ps -\w+|systemctl \w+)(?= ?\$\{)/;

test('values in the command lines of other programs are quoted for a shell', () => {
  const bare = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => {
        const at = programs.exec(line);
        return at !== null && !quoted.test(line.slice(at.index));
      })
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(bare).toEqual([]);
});

test('with several apps and a configuration that was named, the commands in hints work as typed', async () => {
  await using world = new TypedWorld();
  makeBookings(world.database);
  world.configure({ apps: `[apps.second]\ndatabase = ${JSON.stringify(`${world.home}/app/second.db`)}` });
  makeBookings(`${world.home}/app/second.db`);
  await world.run('db-backup', ['run']);
  const clock = fixedClock(world.clock.now().toISOString());
  // Nothing of the environment: what is typed has to say it all.
  const type = async (job: string, args: readonly string[], environment: Record<string, string> = {}) => {
    const typed = jobs[job];
    if (typed === undefined) throw new Error(`there is no job ${job}`);
    return runInProcess(typed, args, { environment, clock });
  };
  const failing: [job: string, ...args: string[]][] = [
    ['restore', 'run', 'latest', '--app', 'second'],
    ['restore', 'run', 'nothing-of-the-kind', '--app', 'second', '--yes'],
    ['restore', 'undo', '--app', 'second', '--yes'],
    ['restore', 'undo', 'x', '--app', 'second', '--yes'],
    ['restore', 'run', '--at', '2001-01-01', '--app', 'second', '--yes'],
    ['db-backup', 'verify', 'nothing-of-the-kind', '--app', 'second'],
    ['db-backup', 'download', '--app', 'second'],
    ['restore', 'download', 'latest', world.database, '--app', 'second'],
  ];
  let tried = 0;
  for (const [job, ...args] of failing) {
    const { exitCode, stderr } = await type(job, [...args, '--config', world.config]);
    expect(exitCode).not.toBe(0);
    for (const [, hint = ''] of stderr.matchAll(/hint: (.*)$/gm)) {
      for (const [named = '', command = '', ...rest] of commandsIn(hint)) {
        expect(rest).toContain('--config');
        expect(namedCommands[named]?.[command] === true ? rest : ['--app']).toContain('--app');
        const harmless = ['run', 'download'].includes(command) ? ['--dry-run'] : [];
        const again = await type(named, [command, ...rest, ...harmless]);
        expect({
          typed: [named, command, ...rest],
          exitCode: again.exitCode,
          bad: [64, 70, 78, null].includes(again.exitCode),
          said: again.stderr,
        }).toMatchObject({ bad: false });
        tried += 1;
      }
    }
  }
  expect(tried).toBeGreaterThan(6);
  const bySudo = await type('restore', ['undo', '--app', 'second', '--yes', '--config', world.config], {
    SUDO_UID: '1000',
  });
  expect(bySudo.stderr).toMatch(/hint: sudo restore list --app second --config /);
});

test('whatever option stands behind a command, the sentence goes on behind it', () => {
  const around = { configOption: ' --config x.toml', app: undefined, isSudo: false };
  const said = ['app', 'config', 'env-file', 'help']; // which the hint is given, or has no use for
  const torn = Object.values(jobs).flatMap((job) =>
    job.commands.flatMap((command) =>
      typedOptions(job, command)
        .filter(({ long }) => !said.includes(long) && namedCommands[job.name]?.[command.name] !== undefined)
        .map(
          ({ long, value }) => `${job.name} ${command.name} --${long}${value === undefined ? '' : ' value'}`,
        )
        .filter((typed) => completeHint(`${typed} does it`, around) !== `${typed} --config x.toml does it`),
    ),
  );
  expect(torn).toEqual([]);
});

test('what is typed on another machine is left as it is', () => {
  const around = { configOption: ' --config x.toml', app: 'ctv', isSudo: true };
  const said = 'on the receiver: delta-receive key add laptop-1; here: delta-push run';
  expect(completeHint(said, { ...around, job: 'delta-push' })).toBe(
    'on the receiver: delta-receive key add laptop-1; here: sudo delta-push run --app ctv --config x.toml',
  );
  expect(completeHint('delta-pull once', { ...around, job: 'delta-serve' })).toBe('delta-pull once');
});

test('a service that is typed as a flag is no command, and whoever types its name is told how', async () => {
  for (const [name, job] of Object.entries(jobs))
    for (const service of job.commands) {
      if (service.kind !== 'service' || service.typedAs === undefined) continue;
      const { command, flag } = service.typedAs;
      const typed = await runInProcess(job, [service.name]);
      expect(typed.stderr).toContain(`hint: did you mean ${name} ${command} --${flag}?`);
      const other = await runInProcess(job, ['zzzzzz']);
      expect(other.stderr).toMatch(/the commands are run,/);
      expect(other.stderr).not.toMatch(new RegExp(`\\b${service.name}\\b`));
    }
});
