// install: check everything, show what will change, change it, start the timers, say what comes next.
import { dirname } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { formatDuration } from '../../lib/base/format.ts';
import { applyChanges } from './apply.ts';
import type { Arguments } from './arguments.ts';
import { type Change, changeLines, changesTo, editedPath } from './changes.ts';
import type { DropIn } from './drop-in.ts';
import { alertSettings } from './alerts.ts';
import { explorerDropIn, startExplorer, stopExplorer } from './explorer.ts';
import { examine } from './examine.ts';
import type { Machine } from './machine.ts';
import { healthSettings } from './health.ts';
import { neighboursOf } from './neighbours.ts';
import { type InstallRecord, readRecord } from '../../lib/probe/install-record.ts';
import { hashesOf, writeRecord } from './record.ts';
import { startService } from './start-service.ts';
import { typingFiles } from './typing.ts';
import { prepareStoreDirectory, type StoreDirectory, storeDirectoryLine } from './store-directory.ts';
import {
  appFiles,
  appTimers,
  deltaTimer,
  documentsTimer,
  hourlyTimer,
  maintainTimer,
  standbyTimer,
  explorerFiles,
  neighbourFiles,
  ownPlace,
  serveUnit,
  placeOf,
  sharedFiles,
  sharedTimers,
} from './wanted.ts';

export interface Plan {
  dropIn: DropIn;
  store: StoreDirectory | undefined;
  channels: readonly string[];
  namesDesktop: boolean;
  missing: readonly string[];
  changes: Change[];
  /** To be kept when they are made. */
  record: InstallRecord;
}

/** What install would do, after every check. Throws OpsError `config` with what is in the way. */
export function planInstall(request: Arguments): Plan {
  const { app, root } = request;
  const record = readRecord(root);
  const before = record.apps[app];
  const { dropIn, store, configFile, channels, namesDesktop, missing, hidden } = examine({
    ...request,
    user: request.user ?? before?.user ?? 'holdfast',
    installedConfigFile: before?.configFile,
  });
  const { user, environmentFile } = dropIn;
  const own = new Map([...appFiles(dropIn), ...neighbourFiles(app, hidden.get(app))]);
  const neighbours = neighboursOf(record, { app, configFile, hidden });
  const apps = {
    ...record.apps,
    ...Object.fromEntries(neighbours.map(({ name, installed }) => [name, installed])),
    [app]: { files: hashesOf(own), environmentFile, configFile, user },
  };
  const places = Object.entries(apps).map(([name, place]) => ({
    app: name,
    environmentFile: place.environmentFile,
    configFile: place.configFile,
  }));
  const explorer = explorerFiles(explorerDropIn(root, places));
  const shared = new Map([
    ...sharedFiles(alertSettings(root, places), healthSettings(root, user, places)),
    ...typingFiles(),
    ...explorer,
  ]);
  const changes = [
    ...changesTo(root, shared, record.shared),
    ...changesTo(root, own, before?.files ?? {}),
    ...neighbours.flatMap(({ files, before: earlier }) => changesTo(root, files, earlier)),
  ];
  return {
    dropIn,
    store,
    channels,
    namesDesktop,
    missing,
    changes,
    record: { ...record, shared: hashesOf(shared), apps },
  };
}

export async function install(request: Arguments, machine: Machine): Promise<void> {
  const { app, root, replaceEdited, takeOver } = request;
  const plan = planInstall(request);
  const { record, changes, store } = plan;
  machine.say(planText(plan));
  requireSamePlace(changes, takeOver);
  requireNoEdits(changes, replaceEdited);
  if (root === '/') await stopExplorer(changes, machine);
  applyChanges(root, changes);
  writeRecord(root, record);
  if (root === '/') await bringUp({ app, changes, store, dropIn: plan.dropIn }, machine);
  machine.say(`\nA first run: sudo systemctl start db-backup@${app}
then: journalctl --namespace=holdfast -u db-backup@${app} -n 20`);
}

/** What will change, and as whom the jobs will run, before anything does. */
function planText({ changes, channels, namesDesktop, missing, dropIn, store }: Plan): string {
  const { app, user, group, writes, credentials, environmentFile, documents, delta, serve, everyMs } = dropIn;
  const real = changes.filter(({ kind }) => kind !== 'same');
  const files = [
    ...credentials,
    ...(documents?.credentials ?? []),
    ...(delta ?? []),
    ...(serve?.credentials ?? []),
  ];
  const secrets = [...files.map(({ path }) => path), environmentFile].filter((path) => path !== undefined);
  const storeLine = store && storeDirectoryLine(store);
  return [
    `${app}: jobs run as ${user}${user === 'root' ? '' : ` in the group ${group}`}${writes.length === 0 ? '' : `, and may write ${writes.join(' and ')}`}`,
    `${app}: secrets come from ${secrets.length === 0 ? 'nowhere: the store needs none' : secrets.join(', ')}`,
    ...(everyMs === undefined
      ? []
      : [`${app}: backed up every ${formatDuration(everyMs)}, beside its nights`]),
    ...(documents === undefined ? [] : [`${app}: documents are kept in ${documents.writes.join(' and ')}`]),
    channels.length === 0
      ? `${app}: alerts go nowhere, so nobody is told when a job fails; docs/operations.md, "Setting alerts up"`
      : `${app}: alerts go through ${channels.join(' and ')}`,
    ...(namesDesktop
      ? [`${app}: the desktop shows nothing of these jobs: it is reached only by what runs in its session`]
      : []),
    ...(missing.length === 0
      ? []
      : [
          `${app}: but not yet: ${missing.join(' and ')} is missing; docs/operations.md, "Setting alerts up"`,
        ]),
    ...(storeLine === undefined ? [] : [`${app}: ${storeLine}`]),
    ...(real.length === 0 ? ['nothing to change: everything is as it should be'] : changeLines(real)),
  ].join('\n');
}

/** All apps share the units: who installs one app from another checkout changes what all of them run. */
function requireSamePlace(changes: readonly Change[], takeOver: boolean): void {
  const unit = changes.find(({ path }) => path.endsWith('/db-backup@.service'));
  const before = placeOf(unit?.before);
  if (takeOver || before === undefined || before === ownPlace) return;
  throw new OpsError('refused', `cannot install from ${ownPlace}: the units of all apps run ${before}`, {
    hint: `cd ${before}, and install from there; if this checkout is to take its place: the same command with --take-over`,
  });
}

function requireNoEdits(changes: readonly Change[], replaceEdited: boolean): void {
  const edited = changes.filter(({ kind }) => kind === 'edited');
  if (edited.length === 0 || replaceEdited) return;
  const [first] = edited;
  throw new OpsError(
    'refused',
    `cannot replace ${edited.map(({ path }) => path).join(', ')}: changed by hand, or not from here`,
    {
      hint:
        `put changes into a drop-in (systemctl edit …), then repeat with --replace-edited; ` +
        `yours stays as ${editedPath(first?.path ?? '')}`,
    },
  );
}

/** In the order in which one thing needs another. */
async function bringUp(
  { app, changes, store, dropIn }: Pick<Plan, 'changes' | 'store' | 'dropIn'> & { app: string },
  machine: Machine,
): Promise<void> {
  const changed = new Set(changes.filter(({ kind }) => kind !== 'same').map(({ path }) => path));
  await machine.run('systemd-sysusers', '/etc/sysusers.d/holdfast.conf');
  await machine.run(
    'systemd-tmpfiles',
    '--create',
    '/etc/tmpfiles.d/holdfast.conf',
    `/etc/tmpfiles.d/holdfast-${app}.conf`,
  );
  if (store !== undefined) await prepareStoreDirectory(store, machine);
  await machine.run('systemctl', 'daemon-reload');
  if (changed.has('/etc/systemd/journald@holdfast.conf'))
    await machine.try('systemctl', 'try-restart', 'systemd-journald@holdfast.service');
  if ([...changed].some((path) => dirname(path) === '/etc/polkit-1/rules.d'))
    await machine.try('systemctl', 'try-reload-or-restart', 'polkit.service');
  const optional: [timer: string, isWanted: boolean][] = [
    [documentsTimer(app), dropIn.documents !== undefined],
    [deltaTimer(app), dropIn.delta !== undefined],
    [standbyTimer(app), dropIn.isStandby],
    [maintainTimer(app), dropIn.isMaintained],
    [hourlyTimer(app), dropIn.everyMs !== undefined],
  ];
  const timers = [...appTimers(app), ...optional.flatMap(([timer, isWanted]) => (isWanted ? [timer] : []))];
  await machine.run('systemctl', 'enable', '--now', '--quiet', ...timers, ...sharedTimers);
  // What was taken out of the configuration.
  for (const [timer, isWanted] of optional)
    if (!isWanted) await machine.try('systemctl', 'disable', '--now', '--quiet', timer);
  await startServing(app, dropIn, changed, machine);
  await startExplorer(changes, machine);
  await warnOfOlder(machine);
  machine.say(
    `\n${(await machine.run('systemctl', 'list-timers', '--all', '--no-pager', ...timers)).trim()}`,
  );
}

async function startServing(
  app: string,
  { serve }: DropIn,
  changed: ReadonlySet<string>,
  machine: Machine,
): Promise<void> {
  const unit = serveUnit(app);
  if (serve === undefined) await machine.try('systemctl', 'disable', '--now', '--quiet', unit);
  else
    await startService(
      unit,
      [...changed].some((path) => path.includes('/delta-serve@')),
      machine,
    );
}

/** Two timers would make two backups a night. */
async function warnOfOlder(machine: Machine): Promise<void> {
  const state = (await machine.try('systemctl', 'is-enabled', 'db-backup.timer')).trim();
  if (state === 'enabled')
    machine.say(
      '\nwarning: the older db-backup.timer is still enabled, so there would be two runs a night\n' +
        'try: systemctl disable --now db-backup.timer',
    );
}
