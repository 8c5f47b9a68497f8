// restore plan: what a restore would do, looked at and not done.
import { resolve } from 'node:path';
import type { BackupState } from '../../lib/backup/catalogue.ts';
import { errorCode, OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatInstant } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { freeBytes } from '../../lib/files/space.ts';
import { inspectSet } from '../../lib/placement/database-set.ts';
import { findHolders } from '../../lib/placement/holders.ts';
import { type LocatedFile, locateFile } from '../../lib/files/locate-file.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { sizeIfThere } from '../../lib/files/size.ts';
import { chooseEntry } from '../steps/choose-entry.ts';
import { selectedApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { describeEarlier } from './steps/settle.ts';
import { ago } from '../steps/words.ts';

interface RestorePlan {
  app: string;
  backup: { name: string; takenAt: Date; sizeBytes: number; state: BackupState };
  target: string;
  /** The size of what is there now. */
  currentBytes: number | undefined;
  freeBytes: number | undefined;
  /** What a restore in place of the live database meets; undefined with --to. */
  services?: string;
  holders?: { pid: number; command: string }[];
  interrupted?: string[];
  /** Whether something stops and starts the app. */
  stopsServices: boolean;
  /** Why it would not work, in sentences. */
  obstacles: string[];
}

export async function run(
  context: JobContext,
  options: Options<typeof parameters.plan>,
): Promise<Outcome<RestorePlan>> {
  const app = selectedApp(context, options.app);
  const { entry } = await chooseEntry(context, await context.openStore(), app, options);
  const { to } = options;
  using target = await locateFile(to === undefined ? app.database : resolve(to));
  const current = await sizeIfThere(target.directory.at(target.name));
  const inPlace = to === undefined ? await inPlaceFacts(context, app, target) : undefined;
  const free = await freeBytes(target.directory.at('.'));
  const obstacles = [
    ...(to !== undefined && current !== undefined ? [`${target.path} exists; --to never overwrites`] : []),
    ...(await noFile(target)),
    ...(free !== undefined && free < entry.sizeBytes
      ? [`it needs ${formatBytes(entry.sizeBytes)}, ${formatBytes(free)} are free beside ${target.path}`]
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
      target: target.path,
      currentBytes: current,
      freeBytes: free,
      ...inPlace,
      stopsServices: hasServices(app),
      obstacles,
    },
    findings: [],
  };
}

export function text(plan: RestorePlan, { now }: View): string[] {
  const { app, backup, target, currentBytes, services, interrupted = [], obstacles } = plan;
  const { name, state, sizeBytes, takenAt } = backup;
  const isThere = currentBytes !== undefined;
  return [
    `backup    ${name} (${state}), ${formatBytes(sizeBytes)}, of ${formatInstant(takenAt)}, ${ago(takenAt, now)}`,
    `goes to   ${target}${isThere ? '' : ' (nothing is there now)'}`,
    ...(services !== undefined && isThere
      ? [`moves     the database of now (${formatBytes(currentBytes)}) aside as an undo set`]
      : []),
    ...(services === undefined
      ? []
      : [`services  ${plan.stopsServices ? services : 'none are configured: stop the app yourself first'}`]),
    ...interrupted.map((sentence) => `note      ${sentence}`),
    ...obstacles.map((obstacle) => `OBSTACLE  ${obstacle}`),
  ].map((line) => `${app}: ${line}`);
}

/** What is there and is no file is not replaced. */
async function noFile(target: LocatedFile): Promise<string[]> {
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

async function inPlaceFacts(context: JobContext, app: GuardedApp, target: LocatedFile) {
  return {
    services: context.services(app).describe(),
    holders: (await holdersOf(target)).map(({ pid, command }) => ({ pid, command })),
    interrupted: await describeEarlier(context, app, target),
  };
}

/** Who has it open is worth knowing, and no reason to fail when it cannot be known. */
async function holdersOf(target: LocatedFile) {
  try {
    return (await findHolders(target)).holders;
  } catch (error) {
    if (error instanceof OpsError || errorCode(error) !== undefined) return [];
    throw error;
  }
}
