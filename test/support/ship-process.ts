// A shipment as a process, for whatever ends it half-way.
import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ShipWorld } from './ship-world.ts';

/** As a process, for kills; without a result where there was none. */
export async function runAsProcess(world: ShipWorld, line: string[], onStart: (pid: number) => void) {
  const program = resolve(import.meta.dirname, '../../bin/db-export-json');
  const child = spawn(program, [...line, '--json'], {
    env: { PATH: process.env.PATH, TZ: 'UTC', HOLDFAST_CONFIG: world.config },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  onStart(child.pid ?? 0);
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.on('close', (code, by) => done([code, by])),
  );
  const json = output.stdout === '' ? {} : JSON.parse(output.stdout);
  return { exitCode, signal, ...output, json };
}

/** The programs that work in a directory below `folder`. */
export function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      } catch {
        return false; // it has just ended, or is somebody else's
      }
    });
}
