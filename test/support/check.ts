// `npm run check`: every `check:` script of package.json, two at a time. With a command line, as in `npm test`: that too, in
// the foreground, and the checks one at a time beside it; what they found comes after it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { runChecks } from './checks.ts';

const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
const checks = Object.fromEntries(Object.entries(scripts).filter(([name]) => name.startsWith('check:')));

const [program, ...args] = process.argv.slice(2);
if (program === undefined) {
  if (!(await runChecks(checks, 2, (text) => process.stdout.write(text)))) process.exitCode = 1;
} else {
  const said: string[] = [];
  const [passed, exitCode] = await Promise.all([
    runChecks(checks, 1, (text) => said.push(text)),
    inForeground(program, args),
  ]);
  process.stdout.write(said.join(''));
  process.exitCode = exitCode === 0 && !passed ? 1 : exitCode;
}

function inForeground(command: string, commandArgs: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(command, commandArgs, { stdio: 'inherit' });
  child.on('error', reject);
  child.on('close', (code) => resolve(code ?? 1));
  return promise;
}
