// Completion in real shells, at a terminal: what the installer puts in place is found by each as Debian sets it up, and what
// Tab makes of a line is what runs. And the man pages, as man and mandoc see them.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { shellWord } from '../../lib/base/shell-word.ts';
import { allJobs } from '../../units/install/all-jobs.ts';
import { typingFiles } from '../../units/install/typing.ts';
import { makeBookings, runProgram, World } from '../support/world.ts';

const soonMs = 30_000;
/** How many commands have run: a shell that draws its prompt anew while Tab is at work is not yet ready. */
const count = '$(wc -l <ran)';
const bashCompletion = '/usr/share/bash-completion/bash_completion';

/** Each shell as an operator has it, with the root of the installation in the place of `/`. */
const shells: { shell: string; isThere: boolean; start: (root: string, home: string) => string[] }[] = [
  {
    shell: 'bash',
    isThere: existsSync(bashCompletion),
    start: (root, home) => {
      const lines = [`XDG_DATA_DIRS=${root}/usr/local/share`, `. ${bashCompletion}`, `PS1='${count}ready>'`];
      writeFileSync(join(home, 'bashrc'), `${lines.join('\n')}\n`);
      return ['bash', '--rcfile', join(home, 'bashrc'), '-i'];
    },
  },
  {
    shell: 'zsh',
    isThere: isProgram('zsh'),
    start: (root, home) => {
      const lines = [
        `fpath=(${root}/usr/local/share/zsh/site-functions $fpath)`,
        `autoload -U compinit; compinit -u -D; setopt promptsubst; PS1='${count}ready>'`,
      ];
      writeFileSync(join(home, '.zshrc'), `${lines.join('\n')}\n`);
      return ['zsh', '-i'];
    },
  },
  {
    shell: 'fish',
    isThere: isProgram('fish'),
    start: (root) => [
      'fish',
      '-i',
      '-C',
      `set -p fish_complete_path ${root}/etc/fish/completions; function fish_prompt; echo -n (wc -l <ran)'ready>'; end`,
    ],
  },
];

const left = '\u001b[D';
const lines: [typed: string, runs: string][] = [
  ['db-backup list-b\t', 'db-backup list-backups'],
  ['db-backup run --q\t', 'db-backup run --quiet'],
  ['db-backup --app b\trun', 'db-backup --app bookings run'],
  ['restore run --app=b\t', 'restore run --app=bookings'],
  ['restore run "before\t', 'restore run before-import.db'],
  ['restore drill backups/bookings/be\t', 'restore drill backups/bookings/before-import.db'],
  ['health-check run --format=na\t', 'health-check run --format=nagios'],
  ['VARIABLE=1 health-check explain backup-ag\t', 'health-check explain backup-age'],
  ['delta-receive key rev\tlaptop', 'delta-receive key revoke laptop'],
  [`db-backup run --dry --json${left.repeat(7)}\t`, 'db-backup run --dry-run --json'],
  ['restore run latest --to some\t', 'restore run latest --to some file'],
  ['restore run latest --to=some\t', 'restore run latest --to=some file'],
  ['health-check doctor --root ap\t', 'health-check doctor --root app'],
  ['db-backup bogus b\t', 'db-backup bogus b'],
  ['restore run -- befo\t', 'restore run -- before-import.db'],
];

let world: World;
beforeAll(async () => {
  world = await installedWorld();
  return () => world[Symbol.asyncDispose]();
});

for (const { shell, start } of shells.filter(({ isThere }) => isThere))
  test(`in ${shell} Tab makes of a line what is meant, and changes nothing where nothing is`, async () => {
    const ran = join(world.home, 'ran');
    writeFileSync(ran, '');
    await using terminal = atTerminal(start(join(world.home, 'root'), world.home));
    await terminal.ready(0);
    for (const [index, [typed, runs]] of lines.entries()) {
      terminal.type(`${typed}\n`);
      await terminal.ready(index + 1);
      // Zsh takes the slash of a directory away again.
      const last = readFileSync(ran, 'utf8').trimEnd().split('\n').at(-1)?.replace(/\/$/, '');
      expect({ typed, runs: last }).toEqual({ typed, runs });
    }
  });

for (const { shell } of shells.filter(({ isThere }) => !isThere))
  test.skip(`in ${shell}, which is not here`, () => undefined);

test('who may not read the configuration is offered nothing, and told nothing', async () => {
  chmodSync(world.home, 0o755);
  chmodSync(world.config, 0o600);
  const program = join(import.meta.dirname, '../../bin/restore');
  const asked = [program, '__complete', 'words', '2', 'run', '--app', ''];
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot) chmodSync(world.config, 0o000);
  const stranger = isRoot ? ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'] : [];
  const environment = { HOLDFAST_CONFIG: world.config, HOME: world.home };
  const ended = await runProgram('env', [...stranger, ...asked], { environment });
  chmodSync(world.config, 0o600);
  expect(ended).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
});

describe('the man pages', () => {
  const pages = [...typingFiles()].filter(([path]) => path.endsWith('.1'));
  const checks: [program: string, args: string[]][] = [
    ['mandoc', ['-T', 'lint', '-W', 'error']],
    ['man', ['--warnings', '--encoding=UTF-8', '--local-file', '-']],
  ];
  for (const [program, args] of checks.filter(([name]) => isProgram(name)))
    test(`have nothing that ${program} complains of`, () => {
      for (const [path, page] of pages) {
        const { status, stdout, stderr } = spawnSync(program, args, { input: page, encoding: 'utf8' });
        expect({ path, status, stderr, said: program === 'mandoc' ? stdout : '' }).toEqual({
          ...{ path, status: 0, stderr: '', said: '' },
        });
      }
      expect(pages.length).toBe(allJobs.length);
    });
  for (const [program] of checks.filter(([name]) => !isProgram(name)))
    test.skip(`have nothing that ${program} complains of, which is not here`, () => undefined);
});

/** A world with backups, the files of the installer below `root`, and programs that say how they were started. */
async function installedWorld(): Promise<World> {
  const world = new World();
  world.configure();
  makeBookings(world.database, { rows: 3 });
  expect(await world.run('db-backup', ['backup', 'before-import'])).toMatchObject({ exitCode: 0 });
  writeFileSync(join(world.home, 'some file'), '');
  for (const [path, text] of typingFiles()) write(join(world.home, 'root', path), text);
  for (const { name } of allJobs) {
    const path = join(world.home, 'bin', name);
    write(path, `#!/bin/sh\necho ${name} "$@" >>${join(world.home, 'ran')}\n`);
    chmodSync(path, 0o755);
  }
  return world;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

interface Terminal extends AsyncDisposable {
  type(keys: string): void;
  /** Until the shell has run so many commands, and waits for the next. */
  ready(commands: number): Promise<void>;
}

function atTerminal(command: string[]): Terminal {
  const env = {
    PATH: `${join(world.home, 'bin')}:${process.env.PATH}`,
    HOME: world.home,
    TERM: 'dumb',
    LANG: 'C.UTF-8',
  };
  const child = spawn('script', ['-qec', command.map(shellWord).join(' '), '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh', HOLDFAST_CONFIG: world.config },
    cwd: world.home,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout?.on('data', (piece: Buffer) => (text += piece.toString()));
  return {
    type: (keys) => void child.stdin?.write(keys),
    ready: (commands) => vi.waitFor(() => expect(text).toContain(`${commands}ready>`), { timeout: soonMs }),
    async [Symbol.asyncDispose]() {
      child.stdin?.write('\u0015exit\n'); // whatever is typed already; where a test runs in the background nothing is interrupted
      await once(child, 'exit');
    },
  };
}

function isProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}
