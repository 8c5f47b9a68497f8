// What a message says: the host, the app, what failed, since when, what still protects the data, and what to run next.
import { formatCount, formatDuration, formatInstant } from '../base/format.ts';
import { clip, printable } from '../base/printable.ts';
import { appOf, fingerprint, healthPrefix, incidentId } from '../incident/check.ts';
import type { News, NewsKind, Notice } from '../incident/due.ts';
import type { Protection, RunResult } from '../incident/observation.ts';
import { clocksBeginAt } from '../incident/tick.ts';
import type { Message } from './channel.ts';
import { shorten } from './shorten.ts';

export interface Composition {
  host: string;
  /** Tells this installation from others, also from those of the same host's name. */
  installation: string;
  now: number;
  /** The zone by whose clock times are shown. */
  timeZone: string;
  link: string | undefined;
  /** What commands in messages need to find the configuration: ` --config <path>`, or nothing. */
  configOption: string;
}

/** A cause may be 10 kB long; what follows it must not be cut off. So may be whatever else a record says. */
const causeBytesMax = 1200;
/** The same of one of several: a digest tells a little of each. */
const digestCauseBytesMax = 300;
/** All channels take so much and a line more. */
const digestBytesMax = 2400;
/** As many apps as are named one by one, and things in a title. */
const namedMax = 5;
const titledMax = 2;

/** The words of a notice. */
export function compose({ channel, items }: Notice, around: Composition): Message {
  const { host, installation, link } = around;
  const [only, ...others] = items;
  if (only === undefined) return canary(channel, around);
  const isOne = others.length === 0;
  const name = isOne ? only.check : items.map(({ check }) => check).join(' ');
  return {
    title: shownLine(`${host}: ${titleOf(items)}`),
    body: isOne ? linesOf(only, around, causeBytesMax) : digest(items, around),
    priority: highest(items),
    tags: [isOne ? tag(only) : 'newspaper', 'holdfast'],
    link,
    sequence: `holdfast-${fingerprint(installation, name)}`,
  };
}

/** A title is read at a glance: of many things the first, and how many there are. */
function titleOf(items: readonly News[]): string {
  const named = items.length <= titledMax + 1 ? items : items.slice(0, titledMax);
  const more = items.length - named.length;
  return `${named.map(headline).join(', ')}${more === 0 ? '' : `, and ${more} more`}`;
}

/** As many of them as all channels take whole, and how many more there are. */
function digest(items: readonly News[], around: Composition): string {
  const told: string[] = [];
  let bytes = 0;
  for (const item of items) {
    // A title names the first ones only, and two ends look alike.
    const text = `${shownLine(`${headline(item)}:`)}\n${linesOf(item, around, digestCauseBytesMax)}`;
    bytes += Buffer.byteLength(text) + 2;
    if (told.length > 0 && bytes > digestBytesMax) break;
    told.push(text);
  }
  const left = items.slice(told.length);
  if (left.length === 0) return told.join('\n\n');
  const names = left.slice(0, namedMax).map(headline).join(', ');
  const beyond = left.length > namedMax ? ' …' : '';
  const last = `And ${left.length} more: ${shorten(names, 300)}${beyond}. All of it: alert-send list${around.configOption}`;
  return [...told, shownLine(last)].join('\n\n');
}

function linesOf(item: News, around: Composition, bytesMax: number): string {
  return lines(item, around, bytesMax).map(shownLine).join('\n');
}

/** A message that only proves that messages arrive. */
export function testMessage(
  channel: string,
  { host, installation, now, timeZone, link }: Composition,
): Message {
  return {
    title: `${host}: a test`,
    body: `This is how alerts of ${host} arrive through ${channel}. It was ${formatInstant(new Date(now), timeZone)} there.`,
    priority: 3,
    tags: ['test_tube', 'holdfast'],
    link,
    sequence: `holdfast-${fingerprint(installation, 'test')}`,
  };
}

function canary(channel: string, { host, installation, link, configOption }: Composition): Message {
  return {
    title: `${host}: alerts work`,
    body: `This silent message comes regularly through ${channel}. When it stays away, so would an alert: alert-send test${configOption}`,
    priority: 1,
    tags: ['bird', 'holdfast'],
    link,
    sequence: `holdfast-${fingerprint(installation, 'canary')}`,
  };
}

/** `db-backup of ctv failed` */
export function headline({ kind, check, incident }: News): string {
  if (isOfHealth(check)) return healthHeadline(kind, check, incident);
  const what = subject(check, incident.apps);
  const words: Record<NewsKind, string> = {
    failing: ended[incident.result],
    worse: `${ended[incident.result]}, now worse`,
    reminder: `${ended[incident.result]}, still`,
    recovered: 'is well again',
    passed: `${ended[incident.result]}, and is well again`,
  };
  return `${what} ${words[kind]}${incident.flapping && incident.closedAt === undefined ? ', on and off' : ''}`;
}

/** `disk-space of srv-backups is critical`: what a check found of one subject. */
function healthHeadline(kind: NewsKind, check: string, incident: News['incident']): string {
  const { all, app: about } = appOf(check);
  // What tells two subjects apart that a name cannot hold tells a person nothing; the message has the subject itself.
  const named = about?.replace(/-[0-9a-f]{8}$/, '');
  const what = `${all.slice(healthPrefix.length)}${named === undefined || named === 'machine' ? '' : ` of ${named}`}`;
  const state = incident.severity === 'critical' ? 'is critical' : 'is not well';
  const words: Record<NewsKind, string> = {
    failing: state,
    worse: `${state} now`,
    reminder: `${state}, still`,
    recovered: 'is well again',
    passed: 'was not well, and is well again',
  };
  return `${what} ${words[kind]}${incident.flapping && incident.closedAt === undefined ? ', on and off' : ''}`;
}

function isOfHealth(check: string): boolean {
  return check.startsWith(healthPrefix);
}

const ended: Record<RunResult, string> = {
  done: 'ended',
  failed: 'failed',
  'bad-news': 'has bad news',
  killed: 'was killed',
  busy: 'could not begin',
  interrupted: 'was stopped',
};

function subject(check: string, apps: readonly string[]): string {
  const name = check.replace(/@.*$/, '');
  if (name.startsWith('alerts-')) return name.slice('alerts-'.length);
  if (apps.length === 0) return name;
  return `${name} of ${apps.length <= 3 ? apps.join(', ') : formatCount(apps.length, 'app')}`;
}

function lines(item: News, around: Composition, bytesMax: number): string[] {
  const { incident, kind } = item;
  if (kind === 'recovered') return [over(item, around)];
  if (kind === 'passed') {
    return [
      cause(incident.facts.message, bytesMax),
      over(item, around),
      'It could not be told in time, or was kept for the morning.',
    ];
  }
  return openLines(item, around, bytesMax);
}

function openLines({ check, incident, severity }: News, around: Composition, bytesMax: number): string[] {
  const { installation, configOption } = around;
  const { message, hint, next, protection, runId } = incident.facts;
  const since = `Since ${sinceWords(incident.openedAt, { ...around, pattern: ' (%s ago)' })}`;
  return [
    cause(message, bytesMax),
    ...(hint === undefined ? [] : [`Hint: ${cause(hint, bytesMax / 2)}`]),
    `${since}${isOfHealth(check) ? '' : `, ${formatCount(incident.runs, 'failed run')}`}${severity === 'critical' ? '. This should not wait' : ''}.`,
    ...protection.slice(0, namedMax).map((one) => protectionLine(one, around)),
    ...(protection.length <= namedMax
      ? []
      : [`And ${formatCount(protection.length - namedMax, 'more app')}: db-backup info${configOption}`]),
    ...(next === undefined ? [] : [`Next: ${next}`]),
    `I know: alert-send ack ${incidentId(installation, check)} --for 8h${configOption}`,
    ...(runId === undefined ? [] : [`Run ${runId}`]),
  ];
}

function protectionLine(
  { app, backup, takenAt }: Protection,
  { now, timeZone, configOption }: Composition,
): string {
  if (backup === undefined || takenAt === undefined)
    return `No proven backup of ${app} is known here; what the store has: db-backup info${configOption}`;
  return `The newest proven backup of ${app} is of ${formatInstant(new Date(takenAt), timeZone)}${age(takenAt, now, ', %s old')}.`;
}

function over({ check, incident }: News, { timeZone }: Composition): string {
  const { openedAt, closedAt, runs } = incident;
  const end = closedAt ?? openedAt;
  const from = sinceWords(openedAt, { now: end, timeZone, pattern: '' });
  const took = openedAt < clocksBeginAt ? '' : age(openedAt, end, ' (%s)');
  return `From ${from} to ${formatInstant(new Date(end), timeZone)}${took}${isOfHealth(check) ? '' : `, ${formatCount(runs, 'failed run')}`}.`;
}

/** When something began, and in `pattern` how long ago that is; nobody knows of what began before the clock was set. */
export function sinceWords(
  at: number,
  { now, timeZone, pattern }: { now: number; timeZone: string; pattern: string },
): string {
  if (at < clocksBeginAt) return 'a time at which the clock of this machine was not set';
  return `${formatInstant(new Date(at), timeZone)}${age(at, now, pattern)}`;
}

/** Nothing where a clock has jumped and the age would be negative, or of years that nobody has waited. */
function age(from: number, to: number, pattern: string): string {
  return to < from || from < clocksBeginAt ? '' : pattern.replace('%s', formatDuration(to - from));
}

function cause(text: string, bytesMax: number): string {
  return shorten(printable(text.trim()), bytesMax);
}

/** The lines are ours: none that a message brings along may pass for one. */
function shownLine(line: string): string {
  return clip(printable(line), 2 * causeBytesMax);
}

function highest(items: readonly News[]): Message['priority'] {
  const priorities = items.map(priority);
  return priorities.includes(5) ? 5 : priorities.includes(4) ? 4 : 3;
}

function priority({ kind, severity }: News): Message['priority'] {
  if (kind === 'recovered' || kind === 'passed') return 3;
  return severity === 'critical' ? 5 : 4;
}

function tag({ kind, severity }: News): string {
  if (kind === 'recovered' || kind === 'passed') return 'white_check_mark';
  return severity === 'critical' ? 'rotating_light' : 'warning';
}
