// What our commands print with `--json`, read.
import { expect } from 'vitest';
import type { Ended, World } from './world.ts';

/** What `--json` prints, as far as these tests look into it. A member is there when the command has it. */
export interface Printed {
  ok: boolean;
  error: { kind: string; message: string; hint: string; exit_code: number };
  result: Result;
}

export interface Result {
  apps: { app: string; ok: boolean; value: AppValue; error: { kind: string; message: string } }[];
  checks: { name: string; ok: boolean; detail: string }[];
}

interface AppValue {
  backup: string;
  backups: { name: string; state: string; problem: string }[];
  proof?: PrintedProof;
  proofs?: PrintedProof[];
  prune: { lost: string[] };
  snapshot: { method: string };
  suspect: string[];
}

interface PrintedProof {
  backup: string;
  sound: boolean;
  proven: boolean;
  problems: string[];
}

/** What `--json` printed: exactly one object. */
export function onlyObject({ stdout, stderr }: Ended): Printed {
  if (stdout === '') throw new Error(`nothing was printed; the log says: ${stderr}`);
  const value: unknown = JSON.parse(stdout); // throws when anything else stands before or after it
  expect(value).toBeTypeOf('object');
  return value as Printed;
}

/** Runs a command with `--json` and returns what it printed with its exit code. */
export async function runPrinted(
  world: World,
  command: string,
  args: readonly string[],
): Promise<Printed & { exitCode: number | null }> {
  const ended = await world.run(command, [...args, '--json']);
  return { ...onlyObject(ended), exitCode: ended.exitCode };
}

/** What a command says of the only app. */
export function onlyValue({ apps }: Result): AppValue {
  expect(apps).toHaveLength(1);
  return (apps as [Result['apps'][number]])[0].value;
}

/** The only proof in what `verify` or `drill` says. */
export function onlyProof(result: Result): PrintedProof {
  const { proof, proofs = [proof] } = onlyValue(result);
  expect(proofs).toHaveLength(1);
  return proofs[0] as PrintedProof;
}
