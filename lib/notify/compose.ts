// What a message says: the host, the app, what failed, since when, what still protects the data, and what to run next.
import { formatCount, formatDuration, formatInstant } from '../base/format.ts';
import { clip, printable } from '../base/printable.ts';
import { fingerprint, incidentId } from '../incident/check.ts';
import type { News, NewsKind, Notice } from '../incident/due.ts';
import type { Protection, RunResult } from '../incident/observation.ts';
import type { Message } from './channel.ts';

export interface Composition {
  host: string;
  now: number;
  /** The zone that times are told in. */
  timeZone: string;
  link: string | undefined;
  /** What commands in messages need to find the configuration: ` --config <path>`, or nothing. */
  configOption: string;
}

/** A cause may be 10 kB long; what follows it must not be cut off. So may be whatever else a record says. */
const causeLengthMax = 1500;

/** The words of a notice. */
export function compose({ channel, items }: Notice, around: Composition): Message {
  const { host, link } = around;
  const [only, ...others] = items;
  if (only === undefined) return canary(channel, around);
  const name = others.length === 0 ? only.check : items.map(({ check }) => check).join(' ');
  return {
    title: shownLine(`${host}: ${items.map(headline).join(', ')}`),
    body: items.map((item) => lines(item, around).map(shownLine).join('\n')).join('\n\n'),
    priority: highest(items),
    tags: [others.length === 0 ? tag(only) : 'newspaper', 'holdfast'],
    link,
    sequence: `holdfast-${fingerprint(host, name)}`,
  };
}

/** A message that only proves that messages arrive. */
export function testMessage(channel: string, { host, now, timeZone, link }: Composition): Message {
  return {
    title: `${host}: a test`,
    body: `This is how alerts of ${host} arrive through ${channel}. It was ${formatInstant(new Date(now), timeZone)} there.`,
    priority: 3,
    tags: ['test_tube', 'holdfast'],
    link,
    sequence: `holdfast-${fingerprint(host, 'test')}`,
  };
}

function canary(channel: string, { host, link, configOption }: Composition): Message {
  return {
    title: `${host}: alerts work`,
    body: `This silent message comes regularly through ${channel}. When it stays away, so would an alert: alert-send test${configOption}`,
    priority: 1,
    tags: ['bird', 'holdfast'],
    link,
    sequence: `holdfast-${fingerprint(host, 'canary')}`,
  };
}

/** `db-backup of ctv failed` */
export function headline({ kind, check, incident }: News): string {
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

function lines(item: News, around: Composition): string[] {
  const { incident, kind } = item;
  if (kind === 'recovered') return [over(incident, around.timeZone)];
  if (kind === 'passed') {
    return [
      cause(incident.facts.message),
      over(incident, around.timeZone),
      'It could not be told in time, or was kept for the morning.',
    ];
  }
  return openLines(item, around);
}

function openLines(
  { check, incident, severity }: News,
  { host, now, timeZone, configOption }: Composition,
): string[] {
  const { message, hint, next, protection, runId } = incident.facts;
  const since = `Since ${formatInstant(new Date(incident.openedAt), timeZone)}${age(incident.openedAt, now, ' (%s ago)')}`;
  return [
    cause(message),
    ...(hint === undefined ? [] : [`Hint: ${cause(hint)}`]),
    `${since}, ${formatCount(incident.runs, 'failed run')}${severity === 'critical' ? '. This should not wait' : ''}.`,
    ...protection.map((one) => protectionLine(one, { now, timeZone, configOption })),
    ...(next === undefined ? [] : [`Next: ${next}`]),
    `I know: alert-send ack ${incidentId(host, check)} --for 8h${configOption}`,
    ...(runId === undefined ? [] : [`Run ${runId}`]),
  ];
}

function protectionLine(
  { app, backup, takenAt }: Protection,
  { now, timeZone, configOption }: Pick<Composition, 'now' | 'timeZone' | 'configOption'>,
): string {
  if (backup === undefined || takenAt === undefined)
    return `No proven backup of ${app} is known here; what the store has: db-backup info${configOption}`;
  return `The newest proven backup of ${app} is of ${formatInstant(new Date(takenAt), timeZone)}${age(takenAt, now, ', %s old')}.`;
}

function over({ openedAt, closedAt, runs }: News['incident'], timeZone: string): string {
  const end = closedAt ?? openedAt;
  const took = age(openedAt, end, ' (%s)');
  return `From ${formatInstant(new Date(openedAt), timeZone)} to ${formatInstant(new Date(end), timeZone)}${took}, ${formatCount(runs, 'failed run')}.`;
}

/** Nothing where a clock has jumped and the age would be negative. */
function age(from: number, to: number, pattern: string): string {
  return to < from ? '' : pattern.replace('%s', formatDuration(to - from));
}

function cause(text: string): string {
  return clip(text.trim(), causeLengthMax);
}

/** The lines are ours: none that a message brings along may pass for one. */
function shownLine(line: string): string {
  return clip(printable(line), 2 * causeLengthMax);
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
