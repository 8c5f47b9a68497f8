// The command line, as a job's definition makes it: what is typed becomes typed options, and what is not meant is refused.
import { describe, expect, test } from 'vitest';
import { type Command, defineCommand, type Job } from '../../../lib/run/job.ts';
import { parseArguments } from '../../../lib/run/options.ts';
import { appOrAll, argument, flag, option, requiredArgument } from '../../../lib/run/parameter.ts';

const load = async () => ({ run: async () => ({ result: {}, findings: [] }), text: () => [] });

function jobWith(commands: Command[], exits?: Job['exits']): Job {
  const nextCommand = () => '';
  const named = { name: 'db-toy', summary: 'A toy.', description: [], examples: [], nextCommand };
  return { ...named, commands, ...(exits === undefined ? {} : { exits }) };
}

const toy = jobWith([
  defineCommand({
    name: 'run',
    summary: 'The default.',
    isDefault: true,
    parameters: { acceptShrink: flag('all is well'), app: appOrAll },
    load,
    loadPlan: load,
  }),
  defineCommand({
    name: 'restore',
    summary: 'Brings back.',
    parameters: {
      name: requiredArgument('which'),
      path: argument('where to'),
      at: option('time', 'when'),
      yes: flag('do not ask', { short: 'y' }),
    },
    load,
  }),
  defineCommand({ name: 'list', summary: 'Lists.', parameters: {}, load }),
]);

async function typed(line: string, job = toy) {
  const output = { stdout: '', stderr: '' };
  const parsed = await parseArguments(job, line === '' ? [] : line.split(' '), {
    version: '1.2.3',
    writeOut: (text) => void (output.stdout += text),
    writeErr: (text) => void (output.stderr += text),
  });
  return { ...output, ...('run' in parsed ? { ...parsed.run, exitCode: undefined } : parsed) };
}

describe('what is typed', () => {
  test.each([
    ['', 'run', { acceptShrink: false, app: undefined }],
    ['--accept-shrink --app ctv', 'run', { acceptShrink: true, app: 'ctv' }],
    ['restore latest', 'restore', { name: 'latest', path: undefined, at: undefined, yes: false }],
    [
      'restore latest /tmp/x -y --at 2026',
      'restore',
      { name: 'latest', path: '/tmp/x', at: '2026', yes: true },
    ],
    ['list', 'list', {}],
    ['--config /x list', 'list', {}],
    [
      '-q --config=/x --json restore latest',
      'restore',
      { name: 'latest', path: undefined, at: undefined, yes: false },
    ],
    [
      '--at restore restore latest',
      'restore',
      { name: 'latest', path: undefined, at: 'restore', yes: false },
    ],
    ['--app list', 'run', { acceptShrink: false, app: 'list' }],
  ])('%s', async (line, name, options) => {
    const parsed = await typed(line);
    expect(parsed.stderr).toBe('');
    expect(parsed).toMatchObject({ command: { name }, options });
    expect('options' in parsed && Object.keys(parsed.options)).toEqual(Object.keys(options));
  });

  test('is taken by the frame as well where it is the frame that needs it', async () => {
    expect(await typed('run --app ctv --json --dry-run --config /x -v')).toMatchObject({
      app: 'ctv',
      format: 'json',
      dryRun: true,
      configPath: '/x',
      verbosity: 'verbose',
    });
    expect(await typed('run -q')).toMatchObject({ dryRun: false, format: 'text', verbosity: 'quiet' });
  });
});

describe('what a command does not read', () => {
  test.each([
    ['list --app ctv', /unknown option '--app'/],
    ['list --dry-run', /unknown option '--dry-run'/],
    ['restore x --accept-shrink', /unknown option '--accept-shrink'/],
    ['list one', /too many arguments/],
    ['run --app a --app b', /given twice/],
    ['restore x --at 1 --at 2', /given twice/],
    ['run --config a --config b', /given twice/],
    ['restore x --at --yes', /the value is missing/],
    ['run --app', /argument missing/],
    ['restore', /missing required argument 'name'/],
    ['run -q -v', /cannot be used with/],
  ])('%s is refused', async (line, message) => {
    const parsed = await typed(line);
    expect(parsed).toMatchObject({ exitCode: 64, stdout: '' });
    expect(parsed.stderr).toMatch(message);
    expect(parsed.stderr).toMatch(/hint: /);
  });

  test('is told to programs as an object too', async () => {
    expect(JSON.parse((await typed('list --app ctv --json')).stdout)).toMatchObject({
      ok: false,
      command: 'list',
      error: { kind: 'usage', exit_code: 64 },
    });
  });
});

describe('a mistyped word', () => {
  test.each([
    ['lisst', 'did you mean db-toy list?'],
    ['restroe latest', 'did you mean db-toy restore?'],
    ['frobnicate', 'the commands are run, restore, list'],
    ['list --jsn', 'did you mean --json?'],
    ['help lisst', 'did you mean db-toy list?'],
  ])('%s: %s', async (line, hint) => {
    const parsed = await typed(line);
    expect(parsed.exitCode).toBe(64);
    expect(parsed.stderr).toContain(hint);
  });

  test('does not reach the terminal as it is', async () => {
    expect((await typed('\u001b[31mred')).stderr).toContain(String.raw`\u001b[31mred`);
  });
});

describe('help', () => {
  test.each(['help', '--help', '-h'])('%s is that of the job, with its exit codes', async (line) => {
    const { stdout, exitCode } = await typed(line);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: db-toy/);
    expect(stdout).toMatch(/Exit codes:\n {4}0 {2}done/);
  });

  test.each(['help restore', 'restore --help'])('%s is that of a command', async (line) => {
    const { stdout, exitCode } = await typed(line);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: db-toy restore \[options\] <name> \[path\]/);
    expect(stdout).toMatch(/--at <time>/);
    expect(stdout).not.toMatch(/--dry-run|--app/);
  });

  test('of a job that checks has the numbers of monitoring', async () => {
    const check = jobWith(
      [defineCommand({ name: 'run', summary: 'Looks.', parameters: {}, load })],
      'monitoring',
    );
    expect((await typed('--help', check)).stdout).toMatch(/ {4}2 {2}critical/);
  });
});
