// restore undo: puts back the database that a restore replaced.
import { OpsError } from '../../lib/base/errors.ts';
import { locateTarget } from '../../lib/placement/target.ts';
import { listUndoSets, type UsableUndoSet } from '../../lib/placement/undo-list.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { selectedApp } from '../steps/each-app.ts';
import { settleEarlier } from './steps/settle.ts';
import { undoPlacement } from './steps/undo-placement.ts';

export const run: CommandRun = async (context, input) => {
  const app = selectedApp(context, input);
  const target = await locateTarget(app.database);
  if (input.dryRun) {
    const set = await chosenSet(target, input.argument(0));
    return {
      result: { app: app.name, target, undoSet: set.path, dryRun: true },
      lines: [`${app.name}: would put the database of ${set.path} back in place at ${target}`],
      badNews: false,
    };
  }
  await using lock = await context.lock(app, 'restore undo');
  void lock;
  const settled = await settleEarlier(context, app, target);
  const set = await chosenSet(target, input.argument(0));
  if (
    !input.flag('yes') &&
    !(await context.confirm(`Replace ${target} by what was there before (${set.name})?`))
  ) {
    throw new OpsError('usage', `cannot undo without consent`, { hint: 'say yes when asked, or add --yes' });
  }
  const replaced = await undoPlacement(context, app, target, set.path);
  const { undo, health, detail } = replaced;
  return {
    result: { app: app.name, target, undoSet: set.path, ...replaced, settled },
    lines: [
      ...settled.map((sentence) => `${app.name}: ${sentence}`),
      `${app.name}: the database of ${set.name} is in place at ${target}`,
      ...(undo === undefined
        ? []
        : [`${app.name}: what was there is in ${undo}; restore undo brings that back`]),
      ...(health === 'unwell' ? [`${app.name}: the app is NOT WELL: ${detail}`] : []),
    ],
    badNews: health === 'unwell',
  };
};

/** The set that was named, or the newest that has not been brought back yet. */
async function chosenSet(target: string, name: string | undefined): Promise<UsableUndoSet> {
  const sets = await listUndoSets(target);
  if (name !== undefined) {
    const set = sets.find((candidate) => candidate.name === name || candidate.path === name);
    if (set?.usable === true) return set;
    throw new OpsError(
      'missing',
      `cannot find the undo set ${JSON.stringify(name)}: ${set?.problem ?? 'it is not there'}`,
      {
        hint: 'restore status shows the undo sets there are',
      },
    );
  }
  const newest = sets.find((set): set is UsableUndoSet => set.usable && set.record.state === 'kept');
  if (newest !== undefined) return newest;
  throw new OpsError('missing', `cannot undo: no restore has left an undo set beside ${target}`, {
    hint: 'restore list shows the backups there are',
  });
}
