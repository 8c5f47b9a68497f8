// What a backup is called, and which names are ours. Two layouts: `app`, and `classic`, the names that an earlier
// Python script gave and that people still look for.
import type { Engine } from '../source/facts.ts';
import { OpsError } from '../base/errors.ts';
import { instantFromLocal, isCalendarTime, localDateParts } from '../base/calendar.ts';

/**
 * `app` is `backups/<app>/<app>-20261120T020513Z.db`, in UTC. `classic` is
 * `backups/database_backup_20261120_030513.db`, in the local time of a zone, and does not say which app.
 */
export type Layout = 'app' | 'classic';

/** What has to be known to read a name. The zone matters to `classic` only. */
export interface Naming {
  layout: Layout;
  app: string;
  timeZone: string;
}

const appNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const appNameCharactersMax = 63;
const labelCharactersMax = 100;
const latestSegmentMax = 100;
/** What is typed for the newest proven backup, where a name could stand. */
export const latestWord = 'latest';
const appStampPattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.(?:db|dump|pages)(?:\.age)?$/;
const classicStampPattern = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)\.(?:db|dump|pages)(?:\.age)?$/;
/** As what people open it with expects it. */
const endings: Readonly<Record<Engine, string>> = { sqlite: '.db', postgres: '.dump' };
const pagesEnding = '.pages';
const sealedEnding = '.age';

/** How backups lie in a store: `plain`, a file a backup; `pages`, fulls and increments (of SQLite alone). */
export type BackupFormat = 'plain' | 'pages';

/** What decides how the name of a backup ends. */
export interface Ending {
  engine?: Engine;
  format?: BackupFormat;
  /** Whether its bytes are sealed for their owner: an age file. */
  isSealed?: boolean;
}

/** The name in the store of the backup of `app` taken at `takenAt`, which is cut to the second. */
export function backupName(
  layout: Layout,
  app: string,
  takenAt: Date,
  { timeZone, ...ending }: { timeZone: string } & Ending,
): string {
  const time = localDateParts(takenAt, layout === 'app' ? 'UTC' : timeZone);
  const date = `${digits(time.year, 4)}${digits(time.month, 2)}${digits(time.day, 2)}`;
  const clock = `${digits(time.hour, 2)}${digits(time.minute, 2)}${digits(time.second, 2)}`;
  const stamp = layout === 'app' ? `${date}T${clock}Z` : `${date}_${clock}`;
  return `${stampPrefix(layout, app)}${stamp}${endingOf(ending)}`;
}

function endingOf({ engine = 'sqlite', format = 'plain', isSealed = false }: Ending): string {
  return `${format === 'pages' ? pagesEnding : endings[engine]}${isSealed ? sealedEnding : ''}`;
}

/**
 * The name in the store of a backup that a person names. Such a backup is never pruned. Throws OpsError `usage` for
 * a label that cannot be part of a file name, or that would pass for one with a time in it.
 */
export function namedBackupName(layout: Layout, app: string, label: string, ending: Ending = {}): string {
  const name = `${backupPrefix(layout, app)}${label}${endingOf(ending)}`;
  const cause = labelProblem(label);
  if (cause === undefined) return name;
  const shown = JSON.stringify(label.length <= 80 ? label : `${label.slice(0, 79)}…`);
  throw new OpsError('usage', `cannot use ${shown} as the name of a backup: ${cause}`, {
    hint: 'use letters, digits, and "." "_" "-" between them, such as before-upgrade',
  });
}

/** What a person called the backup of this name, where it is one that `namedBackupName` gives. */
export function labelOf(name: string, { layout, app }: Pick<Naming, 'layout' | 'app'>): string | undefined {
  const prefix = backupPrefix(layout, app);
  const label = /^(.+?)\.(?:db|dump|pages)(?:\.age)?$/s.exec(name.slice(prefix.length))?.[1];
  return name.startsWith(prefix) && label !== undefined && labelProblem(label) === undefined
    ? label
    : undefined;
}

function labelProblem(label: string): string | undefined {
  // In any letter case: some stores do not tell one from the other.
  if (label.toLowerCase() === latestWord) return 'commands take that word for the newest proven backup';
  if (label.length > labelCharactersMax) return `it is longer than ${labelCharactersMax} characters`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(label))
    return 'it holds characters that a file name should not have';
  if (label.includes('..') || label.endsWith('.')) return 'it has dots where a file name should have none';
  if (/\.(?:db|dump|json|pages|age)$/i.test(label)) return 'its ending is added by itself';
  const stamped = /(?:^|-)\d{8}t\d{6}z$|^database_backup_\d{8}_\d{6}$/i.test(label);
  return stamped ? 'it looks like that of a scheduled backup' : undefined;
}

/** The name of a backup's manifest: `.json` in place of `.db`, or after a name that ends otherwise. */
export function manifestName(backupName: string): string {
  return backupName.endsWith('.db') ? `${backupName.slice(0, -'.db'.length)}.json` : `${backupName}.json`;
}

/** The name of the n-th object of a backup in several, counted from 1: the first has the name of the backup. */
export function partName(backupName: string, part: number): string {
  if (part === 1) return backupName;
  const ending = /(?:\.[a-z]+)?(?:\.age)?$/.exec(backupName)?.[0] ?? '';
  return `${backupName.slice(0, backupName.length - ending.length)}+${part}${ending}`;
}

/** The backup of which an object of this name is a further part; undefined where it is none. */
export function backupOfPart(objectName: string): string | undefined {
  const match = /^(.+)\+([1-9]\d{0,3})(\.pages(?:\.age)?)$/.exec(objectName);
  return match === null || match[2] === '1' ? undefined : `${match[1]}${match[3]}`;
}

/** In which format a backup of this name is. */
export function formatByName(backupName: string): BackupFormat {
  return /\.pages(?:\.age)?$/.test(backupName) ? 'pages' : 'plain';
}

/** Whether the bytes of a backup of this name are sealed. */
export function isSealedName(backupName: string): boolean {
  return backupName.endsWith(sealedEnding);
}

/** What the database in a backup of this name is called as a file of its own. */
export function databaseFileName(backupName: string): string {
  return backupName.replace(/\.age$/, '').replace(/\.pages$/, endings.sqlite);
}

/** The prefix under which a store lists the backups of `app`; `classic` shares it with whatever else lies there. */
export function backupPrefix(layout: Layout, app: string): string {
  return layout === 'app' ? `backups/${app}/` : 'backups/';
}

/** Where the latest copy lies unless the configuration names another place. */
export function defaultLatestName(app: string, engine: Engine = 'sqlite'): string {
  return `latest/${app}${endings[engine]}`;
}

/**
 * Why the latest copy cannot lie under `name`, which may begin with a slash; undefined when it can. Among the backups
 * it would be taken for one of them, and could replace one.
 */
export function latestNameProblem(name: string): string | undefined {
  const segments = name.replace(/^\//, '').split('/');
  const plain = (segment: string) =>
    !['', '.', '..'].includes(segment) && segment.length <= latestSegmentMax && !/[\p{Cc}\\]/u.test(segment);
  if (!segments.every(plain)) return 'must be a plain name in the store';
  if (segments[0]?.toLowerCase() === 'backups') return 'must not lie in the folder of the backups';
  const reserved = segments.some((segment) => segment.toLowerCase().startsWith('.holdfast-'));
  return reserved ? 'must not begin with .holdfast-, which Holdfast keeps to itself' : undefined;
}

/**
 * When the backup of this name was taken, or undefined unless the name is exactly one that `backupName` gives:
 * a date or hour that does not exist makes it none of ours. A `classic` time that comes twice in the night when
 * clocks are set back is read as the later one, and one that is skipped when they are set forward as the first
 * instant after the gap.
 */
export function parseBackupName(name: string, naming: Naming): { takenAt: Date } | undefined {
  const prefix = stampPrefix(naming.layout, naming.app);
  if (!name.startsWith(prefix)) return undefined;
  const pattern = naming.layout === 'app' ? appStampPattern : classicStampPattern;
  const match = pattern.exec(name.slice(prefix.length));
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const time = { year, month, day, hour, minute, second };
  if (!isCalendarTime(time)) return undefined;
  return { takenAt: instantFromLocal(time, naming.layout === 'app' ? 'UTC' : naming.timeZone) };
}

/** The engine of a backup without a manifest, by how its name ends. */
export function engineByName(name: string): Engine {
  return databaseFileName(name).endsWith(endings.postgres) ? 'postgres' : 'sqlite';
}

/** Whether `text` can name an app: it becomes part of file names, store names, unit names and lock names. */
export function isAppName(text: string): boolean {
  return appNamePattern.test(text) && !text.includes('..') && !text.endsWith('.');
}

/** Returns `text` when it can name an app; throws OpsError `config` when it cannot. */
export function requireAppName(text: string): string {
  if (isAppName(text)) return text;
  const shown = JSON.stringify(text.length <= 80 ? text : `${text.slice(0, 79)}…`);
  throw new OpsError('config', `cannot use ${shown} as the name of an app: ${appNameProblem(text)}`, {
    hint: 'use letters, digits, and "." "_" "-" between them, such as ctv or tag-tracker',
  });
}

/**
 * The app's name where none is configured: the database's file name without its ending, every character that an
 * app's name cannot have replaced by `-`. Always acceptable; `database` when nothing is left.
 */
export function appNameFromPath(databasePath: string): string {
  const fileName = databasePath.slice(databasePath.lastIndexOf('/') + 1);
  const name = fileName
    .replace(/(?<=.)\.[^.]*$/s, '')
    .replace(/[^A-Za-z0-9._-]/gu, '-')
    .replace(/\.(?=\.)/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, appNameCharactersMax)
    .replace(/\.$/, '');
  return name === '' ? 'database' : name;
}

function appNameProblem(text: string): string {
  if (text === '') return 'it is empty';
  if (text.length > appNameCharactersMax) return `it is longer than ${appNameCharactersMax} characters`;
  if (!/^[A-Za-z0-9]/.test(text)) return 'it does not begin with a letter or digit';
  if (text.includes('..')) return 'it has two dots in a row';
  if (text.endsWith('.')) return 'it ends in a dot';
  return 'it has a character other than letters, digits, ".", "_" and "-"';
}

function stampPrefix(layout: Layout, app: string): string {
  return `${backupPrefix(layout, app)}${layout === 'app' ? `${app}-` : 'database_backup_'}`;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
