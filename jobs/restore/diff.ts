// restore diff: what a restore would change, row by row: a backup compared with the live database, of which a copy is made.
import { OpsError } from '../../lib/base/errors.ts';
import type { Finding } from '../../lib/base/finding.ts';
import { shellWord } from '../../lib/base/shell-word.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requirePlace, restorableApp } from '../steps/restorable-apps.ts';
import type * as parameters from './parameters.ts';
import { diffFiles } from './steps/diff-files.ts';
import { diffOnServer } from './steps/diff-on-server.ts';
import { type DiffOrder, differsAtAll, type RestoreDiff } from './steps/restore-diff.ts';
import { passedOverFindings } from './steps/next-sound.ts';
import { differenceWords } from './steps/diff-words.ts';

export { diffLines as text } from './steps/diff-words.ts';

type Given = Options<typeof parameters.diff>;

/** Keys that are kept in memory, of each table. */
const keysMost = 10_000;

export async function run(context: JobContext, options: Given): Promise<Outcome<RestoreDiff>> {
  const order: DiffOrder = { ...options, keysMax: keysMaxOf(options), yes: true, recheck: false };
  const app = await restorableApp(context, options.app);
  requirePlace(app);
  const result =
    app.engine === 'postgres'
      ? await diffOnServer(context, app, order)
      : await diffFiles(context, app, order);
  return { result, findings: findingsOf(result, options) };
}

function keysMaxOf({ keys = '5' }: Given): number {
  const count = Number(keys);
  if (/^\d+$/.test(keys) && count <= keysMost) return count;
  throw new OpsError(
    'usage',
    `cannot show ${JSON.stringify(keys)} keys: --keys takes a number from 0 to ${keysMost}`,
  );
}

/** That something differs is what the command is for, and bad news only to who asked for that. */
function findingsOf(diff: RestoreDiff, { exitCode }: Given): Finding[] {
  const { app, backup, tables } = diff;
  const plan = `restore plan ${shellWord(backup.name)}`;
  return [
    ...passedOverFindings(app, diff.passedOver),
    ...tables.flatMap(({ name, problem }): Finding[] =>
      problem === undefined
        ? []
        : [
            {
              subject: app,
              severity: 'warning',
              message: `the rows of ${name} were not compared: ${problem}`,
              hint: plan,
            },
          ],
    ),
    ...(exitCode && differsAtAll(diff)
      ? [
          {
            subject: app,
            severity: 'warning',
            message: `the live database is not what ${backup.name} has: ${differenceWords(diff)}`,
            hint: plan,
          } as const,
        ]
      : []),
  ];
}
