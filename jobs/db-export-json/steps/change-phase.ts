// From files to a database in steps, and back: what a step needs to be true before it is taken.
import { OpsError } from '../../../lib/base/errors.ts';
import { formatCount } from '../../../lib/base/format.ts';
import { type Day, isDay } from '../../../lib/export/day.ts';
import { parityDays } from '../../../lib/export/parity.ts';
import { movePhase, type Phase, type PhaseMove, phases } from '../../../lib/export/phases.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Outcome, Steps } from '../../../lib/run/job.ts';
import { compareDocument } from './compare-document.ts';
import { appWithDays, type ExportedApp, exportedApp } from './export-apps.ts';
import { readParity, readPhases, writePhases } from './export-notes.ts';
import { openDirectory } from './open-directory.ts';
import { documentsOfOtherDays } from './read-documents.ts';
import { wantedDocuments } from './wanted-documents.ts';

interface Moved {
  app: string;
  was: Phase;
  becomes: Phase;
  /** The first day that it is about; undefined for all. */
  from: Day | undefined;
  /** Why it would have been refused without --force; undefined for nothing. */
  inSpiteOf: string | undefined;
}

interface Given {
  from: string | undefined;
  reason: string | undefined;
  force: boolean;
  app: string | undefined;
}

type MoveSteps = Steps<Given, Moved>;

/** What each phase means to a person. */
const meaning: Record<Phase, string> = {
  json: 'the documents are the truth, and the database follows them',
  both: 'the app writes both, and they are compared',
  database: 'the database is the truth, and the documents are made of it',
};

/** The steps of a command that goes one phase on (1) or back (-1). */
export function changingPhase(by: 1 | -1): MoveSteps & { readonly plan: MoveSteps } {
  return {
    run: (context, given) => takeStep(context, given, by),
    text: (result) => moveLines(result, 'is'),
    plan: {
      run: async (context, given) => (await examine(context, given, by)).outcome,
      text: (result) => moveLines(result, 'would be'),
    },
  };
}

/** Under the lock of the export, so that a run has it before or after. */
async function takeStep(context: JobContext, given: Given, by: 1 | -1): Promise<Outcome<Moved>> {
  const app = exportedApp(context, given.app);
  const words = by === 1 ? 'promote' : 'demote';
  await using lock = await context.lock({ name: app.name, scope: 'export' }, `db-export-json ${words}`);
  void lock;
  const { outcome, move } = await examine(context, given, by);
  await writePhases(context, app.name, move.stretches);
  return outcome;
}

async function examine(
  context: JobContext,
  given: Given,
  by: 1 | -1,
): Promise<{ outcome: Outcome<Moved>; move: PhaseMove }> {
  const { from, reason, force } = given;
  const app = from === undefined ? exportedApp(context, given.app) : appWithDays(context, given.app);
  requireSense(given);
  const stretches = await readPhases(context, app);
  const move = movePhase(stretches, { from, by, since: context.clock.now(), reason });
  if (move === undefined) throw atTheEnd(app.name, by);
  const problem = await whyNot(context, app, move);
  if (problem !== undefined && !force)
    throw new OpsError('refused', `cannot let ${app.name} be in phase ${move.becomes}: ${problem.cause}`, {
      hint: `${problem.hint}; to do it all the same: --force --reason "why"`,
    });
  const { was, becomes } = move;
  const result = { app: app.name, was, becomes, from, inSpiteOf: problem?.cause };
  return { outcome: { result, findings: [] }, move };
}

function requireSense({ from, reason, force }: Given): void {
  if (from !== undefined && !isDay(from))
    throw new OpsError('usage', `cannot tell the day of ${JSON.stringify(from)}: it is no date`, {
      hint: 'write it like 2026-11-27',
    });
  if (force && reason === undefined)
    throw new OpsError('usage', 'cannot force a step without a reason: somebody will ask', {
      hint: '--reason "why"',
    });
}

function atTheEnd(app: string, by: 1 | -1): OpsError {
  const last = by === 1 ? phases.at(-1) : phases[0];
  return new OpsError('refused', `cannot go on: all days of ${app} that are meant are in phase ${last}`, {
    hint: `db-export-json status --app ${app} shows the phases`,
  });
}

interface Obstacle {
  cause: string;
  hint: string;
}

/** Out of the phase of documents only after days of parity; every other step wants both to be the same now. */
async function whyNot(context: JobContext, app: ExportedApp, move: PhaseMove): Promise<Obstacle | undefined> {
  if (move.was === 'json') {
    const days = parityDays(await readParity(context, app.name), context.clock.now());
    const wanted = app.export.parityDays;
    if (days < wanted)
      return {
        cause: `documents and database have been the same for ${formatCount(days, 'day')} in a row, and ${wanted} are wanted`,
        hint: 'db-export-json run looks, night after night',
      };
  }
  const different = await differentNow(context, app, move);
  const [first] = different;
  if (first === undefined) return undefined;
  return {
    cause: `${formatCount(different.length, 'document')} and the database differ now, first ${first}`,
    hint: `db-export-json check --app ${app.name} shows what differs, and db-export-json run --app ${app.name} brings up to date what follows the other`,
  };
}

/** The names of documents of days that move which are not what the database says, or are on one side only. */
async function differentNow(context: JobContext, app: ExportedApp, { moves }: PhaseMove): Promise<string[]> {
  await using rows = await context.openRows(app);
  using directory = await openDirectory(app);
  const all = await wantedDocuments(app, rows);
  const others = await documentsOfOtherDays(app, directory, all);
  const different = others.filter(({ day }) => moves(day)).map(({ name }) => name);
  const wanted = all.filter(({ day }) => moves(day));
  context.progress.start(`${app.name}: comparing`, wanted.length, 'steps');
  for (const [index, document] of wanted.entries()) {
    context.signal.throwIfAborted();
    const { count } = await compareDocument(app, rows, directory, document);
    if (count > 0) different.push(document.name);
    context.progress.update(index + 1);
  }
  context.progress.end();
  return different.sort();
}

function moveLines({ app, was, becomes, from, inSpiteOf }: Moved, verb: string): string[] {
  const days = from === undefined ? 'every day that was' : `every day from ${from} that was`;
  return [
    `${app}: ${days} in phase ${was} ${verb} in phase ${becomes} now: ${meaning[becomes]}`,
    ...(inSpiteOf === undefined ? [] : [`  in spite of this: ${inSpiteOf}`]),
  ];
}
