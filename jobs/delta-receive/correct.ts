// delta-receive correct: staff change rows, also of frozen days. All of it or nothing, and what changed is written down.
import { formatCount } from '../../lib/base/format.ts';
import { OpsError, systemError } from '../../lib/base/errors.ts';
import { readSmallFile } from '../../lib/files/read-small-file.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { onReplica, whoAndWhy } from './steps/which-replica.ts';

interface CorrectResult {
  replica: string;
  rows: number;
}

const sqlBytesMax = 4 * 1024 * 1024;

export async function run(
  context: JobContext,
  { file, replica: name, ...given }: Options<typeof parameters.correct>,
): Promise<Outcome<CorrectResult>> {
  const sql = await readSql(context, file);
  const result = await onReplica(context, name, async (replica, config) => ({
    replica: config.name,
    ...(await replica.correct(sql, whoAndWhy(given))),
  }));
  return { result, findings: [] };
}

export function text({ replica, rows }: CorrectResult): string[] {
  return [`${formatCount(rows, 'row')} of ${replica} corrected`];
}

async function readSql({ readInput }: JobContext, file: string): Promise<string> {
  const isInput = file === '-';
  const called = isInput ? 'the statements on the standard input' : `the statements in ${file}`;
  const bytes = isInput ? await readInput(sqlBytesMax) : await readScript(file, called);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OpsError('damaged', `cannot read ${called}: they are not UTF-8`);
  }
}

async function readScript(file: string, called: string): Promise<Buffer> {
  try {
    return (await readSmallFile(file, { sizeBytesMax: sqlBytesMax, follow: true, called })).bytes;
  } catch (error) {
    throw systemError(`read ${called}`, error);
  }
}
