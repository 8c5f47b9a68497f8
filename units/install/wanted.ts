// Every file that an installation consists of: where it lies on the system, and its text.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quote } from './drop-in-lines.ts';
import { hourlyTimerText } from './hourly-times.ts';
import {
  alertDropInText,
  type AlertSettings,
  deltaDropInText,
  documentsDropInText,
  type DropIn,
  dropInText,
  failureDropInText,
  failureOfAllText,
  healthDropInText,
  liveDropInText,
  type HealthSettings,
  neighboursText,
} from './drop-in.ts';

const project = resolve(import.meta.dirname, '../..');
const usualPlace = '/opt/holdfast';
const neighboursName = '60-holdfast-neighbours.conf';
export const systemUnits = '/etc/systemd/system';

/** Path on the system to text. */
export type Files = ReadonlyMap<string, string>;

/** What all apps share. */
export function sharedFiles(alerts: AlertSettings, health: HealthSettings): Files {
  const units = readdirSync(join(project, 'units')).filter(
    (name) => /\.(service|timer|path|slice)$/.test(name) && ![explorerUnit, ...serviceUnits].includes(name),
  );
  return new Map([
    ...units.map((name): [string, string] => [join(systemUnits, name), unitText(name)]),
    ...['alert-send', 'alert-last-resort'].map((name): [string, string] => [
      join(systemUnits, `${name}.service.d/50-holdfast.conf`),
      alertDropInText(alerts),
    ]),
    [join(systemUnits, 'health-check.service.d/50-holdfast.conf'), healthDropInText(health)],
    [join(systemUnits, 'job-failed@health-check.service.d/50-holdfast.conf'), failureOfAllText(health)],
    // Not in the checkout: it has to be there while that one is exchanged.
    ['/usr/local/lib/holdfast/last-resort', ours('units', 'last-resort')],
    ['/etc/systemd/journald@holdfast.conf', ours('etc/journald', 'journald@holdfast.conf')],
    ['/etc/sysusers.d/holdfast.conf', ours('etc/sysusers', 'holdfast.conf')],
    ['/etc/tmpfiles.d/holdfast.conf', ours('etc/tmpfiles', 'holdfast.conf')],
  ]);
}

/** What belongs to no app, and is there only where it is configured: one that is there and off counts as turned off. */
const serviceUnits = ['delta-receive.service', 'delta-pull@.service'];

/** What lets people look at the history in a browser: one for all apps, where there is a setting for it. */
export const explorerUnit = 'datasette.service';

export function explorerFiles(dropIn: string | undefined): Files {
  if (dropIn === undefined) return new Map();
  return new Map([
    [join(systemUnits, explorerUnit), unitText(explorerUnit)],
    [join(systemUnits, `${explorerUnit}.d/50-holdfast.conf`), dropIn],
    ['/etc/sysusers.d/holdfast-explorer.conf', ours('etc/sysusers', 'holdfast-explorer.conf')],
  ]);
}

/** What belongs to one app. */
export function appFiles(dropIn: DropIn): Files {
  const { app, group } = dropIn;
  const fill = (text: string) => text.replaceAll('@APP@', app).replaceAll('@GROUP@', group);
  return new Map([
    ...appUnits(app).map((unit): [string, string] => [
      join(systemUnits, `${unit}.d/50-holdfast.conf`),
      unit.startsWith('restore-drill@') ? dropInText(dropIn) : liveDropInText(dropIn),
    ]),
    ...failureUnits(dropIn).map((unit): [string, string] => [
      join(systemUnits, `${unit}.d/50-holdfast.conf`),
      failureDropInText(dropIn),
    ]),
    ...optionalFiles(dropIn),
    [
      `/etc/tmpfiles.d/holdfast-${app}.conf`,
      fill(ours('etc/tmpfiles', 'holdfast-app.conf')) + lockFileLine(dropIn),
    ],
    [`/etc/polkit-1/rules.d/50-holdfast-${app}.rules`, fill(ours('etc/polkit', 'holdfast-app.rules'))],
  ]);
}

/** Root's, and there from the start on: in /tmp everybody may then open it, and nobody else have made it. */
function lockFileLine({ lockFile, group }: DropIn): string {
  if (lockFile === undefined) return '';
  return `# The lock of another program, which may not age in /tmp either.\nf ${quote(lockFile)} 0660 root ${group}\n`;
}

function optionalFiles(dropIn: DropIn): [string, string][] {
  const { app, documents, delta, serve, isStandby, everyMs } = dropIn;
  const path = (unit: string) => join(systemUnits, `${unit}.d/50-holdfast.conf`);
  return [
    ...(everyMs === undefined
      ? []
      : ([
          [path(hourlyUnit(app)), liveDropInText(dropIn)],
          [path(hourlyTimer(app)), hourlyTimerText(app, everyMs)],
        ] as [string, string][])),
    ...(isStandby ? [[path(standbyUnit(app)), dropInText(dropIn)] as [string, string]] : []),
    ...(documents === undefined
      ? []
      : [[path(documentsUnit(app)), documentsDropInText(dropIn, documents)] as [string, string]]),
    ...(delta === undefined
      ? []
      : [[path(deltaUnit(app)), deltaDropInText(dropIn, delta)] as [string, string]]),
    ...(serve === undefined
      ? []
      : [[path(serveUnit(app)), dropInText({ ...dropIn, ...serve })] as [string, string]]),
  ];
}

/** What hides the others from the services of one app; nothing where there is nothing to hide. */
export function neighbourFiles(app: string, hidden: readonly string[] = []): Files {
  if (hidden.length === 0) return new Map();
  const text = neighboursText(app, hidden);
  const units = allUnits(app);
  return new Map(units.map((unit) => [join(systemUnits, `${unit}.d`, neighboursName), text]));
}

export function isNeighbourFile(path: string): boolean {
  return path.endsWith(`/${neighboursName}`);
}

/** The services of one app. */
function appUnits(app: string): string[] {
  const names = ['db-backup', 'db-backup-info', 'restore-drill', 'db-maintain'];
  return names.map((name) => `${name}@${app}.service`);
}

/** The service that backs an app up between its nights, where that was asked for. */
function hourlyUnit(app: string): string {
  return `db-backup-hourly@${app}.service`;
}

/** The service that keeps the documents of an app, where it has any. */
function documentsUnit(app: string): string {
  return `db-export-json@${app}.service`;
}

/** The service that keeps a copy of an app ready, on its standby. */
function standbyUnit(app: string): string {
  return `restore-standby@${app}.service`;
}

/** The service that pushes the changes of an app, where they go anywhere. */
function deltaUnit(app: string): string {
  return `delta-push@${app}.service`;
}

/** The service that answers the replicas of an app, where it has any. */
export function serveUnit(app: string): string {
  return `delta-serve@${app}.service`;
}

/** How documents are kept where they are shipped as well. */
export const shipCommand = `${project}/bin/db-export-json run --ship --app %i`;

/** What OnFailure= of the app's jobs starts. */
function failureUnits({ app, documents, delta, serve, isStandby, everyMs }: DropIn): string[] {
  const names = [
    ...['db-backup', 'restore-drill', 'db-maintain'],
    ...(everyMs === undefined ? [] : ['db-backup-hourly']),
    ...(isStandby ? ['restore-standby'] : []),
    ...(documents === undefined ? [] : ['db-export-json']),
    ...(delta === undefined ? [] : ['delta-push']),
    ...(serve === undefined ? [] : ['delta-serve']),
  ];
  return names.map((name) => `job-failed@${name}@${app}.service`);
}

export function appTimers(app: string): string[] {
  return [`db-backup@${app}.timer`, `restore-drill@${app}.timer`];
}

/** For an app that is backed up between its nights. */
export function hourlyTimer(app: string): string {
  return `db-backup-hourly@${app}.timer`;
}

/** For an app that is live on another machine. */
export function standbyTimer(app: string): string {
  return `restore-standby@${app}.timer`;
}

/** For an app whose database may be worked on. */
export function maintainTimer(app: string): string {
  return `db-maintain@${app}.timer`;
}

export function documentsTimer(app: string): string {
  return `db-export-json@${app}.timer`;
}

export function deltaTimer(app: string): string {
  return `delta-push@${app}.timer`;
}

/** All that an app may have, whether it has it now or not. */
export function allUnits(app: string): string[] {
  const optional = [hourlyUnit, standbyUnit, documentsUnit, deltaUnit, serveUnit];
  return [...appUnits(app), ...optional.map((unit) => unit(app))];
}

export function allTimers(app: string): string[] {
  const optional = [hourlyTimer, standbyTimer, documentsTimer, deltaTimer, maintainTimer];
  return [...appTimers(app), ...optional.map((timer) => timer(app))];
}

/** What delivers alerts and asks whether all is well. */
export const sharedTimers = existsSync(join(project, 'bin/alert-send'))
  ? ['alert-send.timer', 'alert-send.path', 'health-check.timer']
  : [];

/** A unit as systemd is given it: whole, with the file that all services share in its place. */
export function unitText(name: string): string {
  return ours('units', name).replace(/^#include (\S+)$/m, (_, shared: string) =>
    ours('units', shared).trimEnd(),
  );
}

/** Where the checkout is whose units are in place; undefined where none are. */
export function placeOf(unit: string | undefined): string | undefined {
  return /^ExecStart=(\/.*)\/bin\/db-backup /m.exec(unit ?? '')?.[1];
}

/** Where this checkout is. */
export const ownPlace = project;

/** Units name the place that the README installs to; a checkout elsewhere puts its own there. */
export function ours(folder: string, name: string): string {
  return readFileSync(join(project, folder, name), 'utf8').replaceAll(usualPlace, project);
}
