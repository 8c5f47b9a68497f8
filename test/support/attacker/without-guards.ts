// npm run attack: takes the guards out of a copy of the house, and runs the attacks on it. Each has to succeed there; one
// that does not proves nothing, and is named. It takes some ten minutes, for what hangs is waited for, and a race goes on
// until it is won. KEEP=1 keeps the copy.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Guard } from './guard.ts';
import { guards } from './guards.ts';

const project = resolve(import.meta.dirname, '../../..');
const folder = 'test/system/attacker';
/** What nobody attacks: it has to go well without a guard, or what is seen is a house that is broken. */
const peace = `${folder}/peace.test.ts`;

const results = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

const copy = mkdtempSync(join(tmpdir(), 'holdfast-without-guards-'));
try {
  makeCopy();
  for (const guard of guards) takeOut(guard);
  const chosen = process.argv.slice(2);
  process.exitCode = judge(attack(chosen.length === 0 ? [folder] : [...chosen, peace]));
} finally {
  if (process.env.KEEP === undefined) rmSync(copy, { recursive: true });
}

function makeCopy(): void {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: project, encoding: 'utf8' }).split('\0');
  for (const file of files.filter(Boolean)) cpSync(join(project, file), join(copy, file));
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
}

function takeOut({ file, from, to }: Guard): void {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8').replace(from, () => to);
  writeFileSync(path, text);
}

function attack(files: readonly string[]): z.infer<typeof results> {
  const path = join(copy, 'results.json');
  const words = ['vitest', 'run', '--project', 'real', ...files, '--reporter=json', `--outputFile=${path}`];
  spawnSync('npx', words, {
    cwd: copy,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, HOLDFAST_NIGHTLY: '1' },
  });
  return results.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** Says what is wrong, and returns the exit code. */
function judge({ testResults }: z.infer<typeof results>): number {
  const all = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((row) => ({ ...row, isPeace: name.endsWith(peace) })),
  );
  const wrong = all.filter(({ status, failureMessages, isPeace }) => {
    const isPrepared = failureMessages.every((message) => !message.includes('could not be prepared'));
    return isPeace ? status !== 'passed' : status !== 'failed' || !isPrepared;
  });
  for (const { title, isPeace, failureMessages } of wrong) {
    const what = isPeace ? 'goes wrong without an attack' : 'refused';
    process.stdout.write([`${what}: ${title}`, ...failureMessages, ''].join('\n'));
  }
  process.stdout.write(`${all.length - wrong.length} of ${all.length} as they should be without a guard\n`);
  return wrong.length === 0 && all.some(({ isPeace }) => isPeace) ? 0 : 1;
}
