// restore plan: what a restore would do, looked at and not done.
import { resolve } from 'node:path';
import { errorCode, OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatInstant } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { freeBytes } from '../../lib/files/space.ts';
import { inspectSet, memberPaths } from '../../lib/placement/database-set.ts';
import { findHolders } from '../../lib/placement/holders.ts';
import { locateTarget } from '../../lib/placement/target.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { sizeIfThere } from '../../lib/files/size.ts';
import { chooseEntry } from '../steps/choose-entry.ts';
import { selectedApp } from '../steps/each-app.ts';
import { describeEarlier } from './steps/settle.ts';
import { ago } from '../steps/words.ts';

export const run: CommandRun = async (context, input) => {
  const app = selectedApp(context, input);
  const { entry } = await chooseEntry(context, await context.openStore(), app, input);
  const to = input.option('to');
  const target = await locateTarget(to === undefined ? app.database : resolve(to));
  const current = await sizeIfThere(target);
  const inPlace = to === undefined ? await inPlaceFacts(context, app, target) : undefined;
  const free = await freeBytes(target);
  const obstacles = [
    ...(to !== undefined && current !== undefined ? [`${target} exists; --to never overwrites`] : []),
    ...(await noFile(target)),
    ...(free !== undefined && free < entry.sizeBytes
      ? [`it needs ${formatBytes(entry.sizeBytes)}, ${formatBytes(free)} are free beside ${target}`]
      : []),
    ...(entry.state === 'damaged'
      ? [`the manifest of ${entry.name} cannot be used: ${entry.problem ?? ''}`]
      : []),
    ...(inPlace?.holders ?? []).map(
      ({ command, pid }) => `${command} (process ${pid}) has the database open; it has to be stopped`,
    ),
  ];
  const { name, takenAt, sizeBytes, state } = entry;
  return {
    result: {
      app: app.name,
      backup: { name, takenAt, sizeBytes, state },
      target,
      currentBytes: current,
      freeBytes: free,
      ...inPlace,
      obstacles,
    },
    lines: [
      `${app.name}: backup    ${name} (${state}), ${formatBytes(sizeBytes)}, of ${formatInstant(takenAt)}, ${ago(takenAt, context.clock.now())}`,
      `${app.name}: goes to   ${target}${current === undefined ? ' (nothing is there now)' : ''}`,
      ...(inPlace === undefined || current === undefined
        ? []
        : [`${app.name}: moves     the database of now (${formatBytes(current)}) aside as an undo set`]),
      ...(inPlace === undefined
        ? []
        : [
            `${app.name}: services  ${hasServices(app) ? inPlace.services : 'none are configured: stop the app yourself first'}`,
          ]),
      ...(inPlace?.interrupted ?? []).map((sentence) => `${app.name}: note      ${sentence}`),
      ...obstacles.map((obstacle) => `${app.name}: OBSTACLE  ${obstacle}`),
    ],
    badNews: false,
  };
};

/** What is there and is no file is not replaced. */
async function noFile(target: string): Promise<string[]> {
  try {
    await inspectSet(target);
    return [];
  } catch (error) {
    if (error instanceof OpsError && error.kind === 'refused') return [error.message];
    throw error;
  }
}

function hasServices({ services: { units, stop } }: GuardedApp): boolean {
  return units.length > 0 || stop !== undefined;
}

async function inPlaceFacts(context: JobContext, app: GuardedApp, target: string) {
  return {
    services: context.services(app).describe(),
    holders: await holdersOf(target),
    interrupted: await describeEarlier(context, app, target),
  };
}

/** Who has it open is worth knowing, and no reason to fail when it cannot be known. */
async function holdersOf(target: string) {
  try {
    return (await findHolders(memberPaths(target))).holders;
  } catch (error) {
    if (error instanceof OpsError || errorCode(error) !== undefined) return [];
    throw error;
  }
}
