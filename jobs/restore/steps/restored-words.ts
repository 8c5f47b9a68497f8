// A database that was replaced, in words: by a backup, or by a warm copy.
import type { Finding } from '../../../lib/base/finding.ts';
import { proofLines } from '../../steps/proof-report.ts';
import type { Replaced } from './replace-database.ts';
import type { Restored } from './restored.ts';

/** One that was not chosen among several. */
export type RestoredDatabase = Omit<Restored, 'passedOver'>;

/** What a person reads of it. */
export function restoredLines(result: RestoredDatabase): string[] {
  const { app, backup, target, isInPlace, proof, replaced, settled } = result;
  if (replaced === undefined) return [...proofLines(app, proof), `${app}: restored to ${target}`];
  if (!isInPlace || replaced.health === 'unwell') return unwellLines(result, replaced);
  const { undo, previous, health, detail, notCarried } = replaced;
  return [
    ...settled.map((sentence) => `${app}: ${sentence}`),
    ...proofLines(app, proof),
    `${app}: restored ${backup} to ${target}`,
    ...notCarried.map((what) => `${app}: NOT carried over: ${what}`),
    ...(undo === undefined
      ? []
      : [`${app}: the database from before is in ${undo}; restore undo brings it back`]),
    ...(previous === 'damaged'
      ? [`${app}: the database from before was damaged; its files are kept as they were`]
      : []),
    ...(health === 'well' ? [`${app}: the app is well: ${detail}`] : []),
  ];
}

/** That the app is not well is critical. */
export function restoredFindings(result: RestoredDatabase): Finding[] {
  const { app, replaced } = result;
  if (replaced?.health !== 'unwell') return [];
  const message = unwellLines(result, replaced).map((line) => line.slice(`${app}: `.length));
  const hint = `restore status --app ${app}`;
  return [{ subject: app, severity: 'critical', message: message.join('; '), hint }];
}

function unwellLines({ app, backup, isInPlace, wentBack }: RestoredDatabase, { detail }: Replaced): string[] {
  if (isInPlace) {
    return [
      `${app}: ${backup} is in place, but the app is NOT WELL: ${detail}; there was nothing to go back to`,
    ];
  }
  const after = wentBack?.health === 'unwell' ? `, and the app is still NOT WELL: ${wentBack.detail}` : '';
  return [
    `${app}: NOT RESTORED: the app was not well with ${backup}: ${detail}`,
    `${app}: the database from before is in place again${after}`,
    ...(wentBack?.undo === undefined ? [] : [`${app}: what was tried is kept in ${wentBack.undo}`]),
  ];
}
