// Runs commands that judge the whole project, each with its output kept together: what it says comes in one piece, under its
// name, and only when it is bad.
import { spawn } from 'node:child_process';

/** Name and command line of each. */
export type Checks = Readonly<Record<string, string>>;

/**
 * Runs all of them, so many at a time, begun in the order given. Calls `tell` with a line for each that ends, above it all it
 * printed when it failed. Returns whether all passed.
 */
export async function runChecks(
  checks: Checks,
  atATime: number,
  tell: (text: string) => void,
): Promise<boolean> {
  const queue = Object.entries(checks).values();
  const verdicts: boolean[] = [];
  const work = async () => {
    for (const [name, line] of queue) {
      const startedAt = performance.now();
      const { output, ending } = await run(line);
      const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      tell(ending === undefined ? `✓ ${name} ${took}\n` : `${output}✗ ${name} ${took}: ${line}: ${ending}\n`);
      verdicts.push(ending === undefined);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return verdicts.every(Boolean);
}

/** How the command ended when it did not end well, and what it printed. */
async function run(line: string): Promise<{ output: string; ending: string | undefined }> {
  const child = spawn(line, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => void (output += text));
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  child.on('error', reject);
  child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  return { ending: await promise, output };
}
