// What a shell is offered while a command is typed, of the table behind --help: at each place of the line, and no more.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellWord } from '../../../lib/base/shell-word.ts';
import { completion } from '../../../lib/run/complete.ts';
import { fitting } from '../../../lib/run/completion.ts';
import { wordsOfLine } from '../../../lib/run/shell-line.ts';
import { typedCommands, typedOptions } from '../../../lib/run/typed.ts';
import { jobs } from '../../support/typed-world.ts';

const jobNames = Object.keys(jobs);
const common = ['--config', '--env-file', '--json', '--no-color', '--quiet', '--verbose', '--help'];

/** What is offered behind a line, which may be begun; `|` is the cursor where that is not its end. */
async function offered(line: string): Promise<string[]> {
  const [before = '', behind = ''] = line.split('|');
  const word = /[^\s=:'"]*$/.exec(before)?.[0] ?? '';
  const job = jobs[before.split(' ')[0] ?? ''];
  if (job === undefined) throw new Error(`no job in ${line}`);
  const answer = await completion(job, ['line', before, behind, word], {});
  return answer === '' ? [] : answer.trimEnd().split('\n');
}

describe('of the table behind --help', () => {
  test.each(jobNames)('%s: every command, and every option of each', async (name) => {
    const job = jobs[name];
    if (job === undefined) return;
    const commands = await offered(`${name} `);
    expect(commands).toEqual([...typedCommands(job).map((command) => command.name), 'help']);
    for (const command of typedCommands(job))
      expect(await offered(`${name} ${command.name} -`)).toEqual(
        typedOptions(job, command).map(({ long }) => `--${long}`),
      );
  });

  test.each([
    ['db-backup li', ['list-backups', 'list', 'link']],
    ['db-backup --app ctv li', ['list-backups', 'list', 'link']],
    ['db-backup bogus ', []],
    ['db-backup bogus li', []],
    ['db-backup li|st --json', ['list-backups', 'list', 'link']],
    ['db-backup help ver', ['verify']],
    ['db-backup help verify ', []],
    ['db-backup --ver', ['--verbose', '--version']],
    ['db-backup run --ver', ['--verbose']],
    ['restore --', ['--help', '--version']],
    ['restore run latest --y', ['--yes']],
    ['restore run latest --yes --y', []],
    ['restore run latest -y --y', []],
    ['restore run latest --y| --yes', []],
    ['restore run --to=/tmp/x --t', []],
    ['db-backup run --quiet --v', []],
    ['db-backup run -- -', []],
    ['db-backup -- ', []],
    ['db-backup -- verify --', []],
    ['delta-receive -- held ', []],
    ['delta-receive held -- ', ['list', 'apply', 'discard']],
    ['health-check run --format ', ['table', 'nagios', 'prom']],
    ['health-check run --format=', ['table', 'nagios', 'prom']],
    ['health-check run --format=n', ['nagios']],
    ['health-check run --format "n', ['nagios']],
    ['health-check run --bogus=n', []],
    ['health-check explain --format=', []],
    ['health-check explain backup-', ['backup-age', 'backup-series', 'backup-drill']],
    ['delta-receive held --for mass', ['mass-deletion']],
    ['delta-receive held ', ['list', 'apply', 'discard']],
    ['delta-receive held list ', []],
    ['delta-receive key re', ['revoke']],
    ['delta-push export-sql --dialect ', ['sqlite', 'postgres']],
    ['restore run --to ', [':file']],
    ['restore run --to=/etc/ho', [':file']],
    ['restore download ctv /tm', [':file']],
    ['delta-receive correct -', ['--replica', '--by', '--reason', ...common]],
    ['health-check doctor --root ', [':directory']],
    ['restore run --at ', []],
  ])('%s', async (line, candidates) => {
    expect(await offered(line)).toEqual(candidates);
  });

  test('whatever is typed, an answer begins as the word does', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'run',
        'held',
        '--',
        '-',
        '-q',
        '--app',
        '--app=',
        '--format=n',
        '=',
        '',
        'help',
        '--config',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...jobNames), fc.array(word), fc.nat(9), (name, words, at) => {
        const job = jobs[name];
        if (job === undefined) return;
        const { prefix, candidates } = fitting(job, words, at);
        expect((words[at] ?? '').startsWith(prefix)).toBe(true);
        for (const { value } of candidates) expect(value).toMatch(/^[a-z-]+$/);
      }),
    );
  });
});

describe('a line of a shell', () => {
  test.each([
    ['', ['']],
    ['a', ['a']],
    ['a ', ['a', '']],
    [`a "b c" d\\ e 'f "g'h`, ['a', 'b c', 'd e', 'f "gh']],
    [`a "b \\"c`, ['a', 'b "c']],
    [`a 'b c`, ['a', 'b c']],
    ['a b\\', ['a', 'b']],
    ['a \\\\ "" ', ['a', '\\', '', '']],
  ])('%s', (line, words) => {
    expect(wordsOfLine(line)).toEqual(words);
  });

  test('has the words that were quoted into it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (words) => {
        expect(wordsOfLine(words.map(shellWord).join(' '))).toEqual(words);
      }),
    );
  });
});
