// Which units of ours there are on this machine, and what systemd says of one.
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRunner } from '../base/command.ts';
import type { UnitFacts } from '../health/unit-facts.ts';
import { showUnits, type UnitProperties } from '../process/unit-properties.ts';
import { kernelText } from './kernel-files.ts';

/**
 * Whether systemd looks after this machine. Inside of the sandbox of a unit its first process is hidden: who hides it is
 * systemd, and if it cannot be reached from there, that is found out when it is asked.
 */
export async function isSystemdThere(root: string): Promise<boolean> {
  if (await isThere(join(root, 'run/systemd/system'))) return true;
  const first = await kernelText(root, 'proc/1/comm');
  if (first !== undefined) return first === 'systemd';
  const mounts = await kernelText(root, 'proc/self/mountinfo');
  return / - proc \S+ \S*\bhidepid=(2|invisible)\b/.test(mounts ?? '');
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const unitDirectory = 'etc/systemd/system';

/** The units that an installation of Holdfast has put here: of templates, their instances. */
export async function ownUnits(
  root: string,
): Promise<{ services: string[]; paths: string[]; timers: string[] }> {
  const directory = join(root, unitDirectory);
  const names = await readdir(directory).catch(() => []);
  const isOurs = async (name: string) =>
    /^Description=Holdfast: /m.test(await readFile(join(directory, name), 'utf8').catch(() => ''));
  const candidates = names.filter((name) => /\.(service|path|timer)$/.test(name));
  const ours = new Set(
    (await Promise.all(candidates.map(async (name) => ((await isOurs(name)) ? [name] : [])))).flat(),
  );
  // Each instance has its settings beside the template, `db-backup@ctv.service.d`; and a timer that is on, a link.
  const settled = names.flatMap((name) => (name.endsWith('.service.d') ? [name.slice(0, -2)] : []));
  const wanted = await readdir(join(directory, 'timers.target.wants')).catch(() => []);
  const instances = [...settled, ...settled.filter(isTimed).map(timerOf), ...wanted];
  const all = [...ours, ...instances.filter((name) => ours.has(templateOf(name)))].filter(
    (name) => !name.includes('@.'),
  );
  const ending = (suffix: string) => [...new Set(all.filter((name) => name.endsWith(suffix)))].sort();
  return { services: ending('.service'), paths: ending('.path'), timers: ending('.timer') };
}

/** What every app that is installed has a timer for: where that is off, somebody turned it off. */
function isTimed(service: string): boolean {
  return /^(db-backup|db-backup-hourly|restore-drill|restore-standby|db-export-json)@/.test(service);
}

function timerOf(service: string): string {
  return service.replace(/\.service$/, '.timer');
}

/** `db-backup@.timer` of `db-backup@ctv.timer`; what is no instance is itself. */
function templateOf(unit: string): string {
  return unit.replace(/@.*(\.\w+)$/, '@$1');
}

const unitProperties = [
  ...[
    'Id',
    'LoadState',
    'LoadError',
    'ActiveState',
    'SubState',
    'UnitFileState',
    'Result',
    'Type',
    'RemainAfterExit',
  ],
  ...['TriggeredBy', 'StateChangeTimestamp', 'InactiveExitTimestamp', 'TimeoutStartUSec', 'TimeoutStopUSec'],
  ...['ConditionResult', 'ConditionTimestamp', 'AssertResult', 'AssertTimestamp', 'ExecMainStartTimestamp'],
];

/** What systemd says of units, each with its properties: those that every unit has, and `more`. */
export async function askUnits(
  { run, signal }: { run: CommandRunner; signal: AbortSignal },
  names: readonly string[],
  more: readonly string[] = [],
): Promise<{ unit: UnitFacts; properties: UnitProperties }[]> {
  const found = await showUnits(run, names, [...unitProperties, ...more], signal);
  return found.map((properties, index) => ({ unit: unitFacts(names[index] ?? '', properties), properties }));
}

function unitFacts(name: string, properties: UnitProperties): UnitFacts {
  const { text, time, spanMs } = properties;
  const active = text('ActiveState');
  return {
    name,
    load: text('LoadState'),
    loadError: /"(.*)"/.exec(text('LoadError'))?.[1] ?? text('LoadError'),
    active,
    sub: text('SubState'),
    file: text('UnitFileState'),
    result: text('Result'),
    type: text('Type'),
    remains: text('RemainAfterExit') === 'yes',
    startedBy: text('TriggeredBy')
      .split(' ')
      .filter((one) => one !== ''),
    // A start has several steps, each of which is a change of its state: since when it is at it is what counts.
    since: time(active === 'activating' ? 'InactiveExitTimestamp' : 'StateChangeTimestamp'),
    startLimitMs: spanMs('TimeoutStartUSec'),
    stopLimitMs: spanMs('TimeoutStopUSec'),
    skippedAt: active === 'inactive' ? skippedAt(properties) : undefined,
    ranAt: time('ExecMainStartTimestamp'),
  };
}

/** Of `ExecCondition=` too. Where a condition was never asked the answer says `no` as well, and there is no time beside it. */
function skippedAt({ text, time }: UnitProperties): Date | undefined {
  if (text('ConditionResult') === 'no') return time('ConditionTimestamp');
  return text('AssertResult') === 'no' ? time('AssertTimestamp') : undefined;
}
