// alert-send list: what is wrong now, what waits, how the channels are, and the dead letters.
import { shellWord } from '../../lib/base/shell-word.ts';
import { formatCount, formatDuration, formatInstant } from '../../lib/base/format.ts';
import { formatTable } from '../../lib/base/table.ts';
import { incidentId } from '../../lib/incident/check.ts';
import { dueNotices, heldNews } from '../../lib/incident/due.ts';
import {
  type AlertState,
  channelOf,
  type CheckState,
  isAcknowledged,
  openIncident,
} from '../../lib/incident/state.ts';
import { quietUntil } from '../../lib/incident/quiet-hours.ts';
import { compose, headline, sinceWords } from '../../lib/notify/compose.ts';
import { deadLetters } from '../../lib/notify/dead-letters.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Alerts } from '../../lib/run/open-alerts.ts';
import { peek } from './steps/take-in.ts';

interface Situation {
  incidents: ListedIncident[];
  waiting: { channel: string; title: string }[];
  /** What waits for the end of the quiet hours. */
  held: string[];
  /** When they end, by the clock on the wall; undefined outside of them. */
  quietUntil: string | undefined;
  /** How many pings the dead-man's switch is still to be told. */
  pings: number;
  channels: ListedChannel[];
  deadLetters: { name: string; reason: string | undefined }[];
  deadDirectory: string;
  recordsInSpool: number;
  clockTrusted: boolean;
}

interface ListedChannel {
  channel: string;
  attempts: number;
  problem: string | undefined;
  retryAt: Date | undefined;
  lastGoodAt: Date | undefined;
}

export async function run(context: JobContext): Promise<Outcome<Situation>> {
  const alerts = await context.openAlerts();
  const now = context.clock.now().getTime();
  const { kept, clockTrusted, names } = await peek(context, alerts);
  const { state } = kept;
  const spoken = alerts.channels.map(({ name }) => name);
  const dead = await deadLetters(alerts.deadDirectory);
  return {
    result: {
      incidents: state.checks.flatMap((check) => describe(check, alerts.installation, now)),
      waiting: waitingMessages(state, alerts, now, clockTrusted),
      held: heldNews(state, spoken, alerts.policy, now).map(headline),
      quietUntil: quietUntil(alerts.policy.quiet, now),
      pings: state.pings.length,
      channels: channelNames(alerts).map((channel) => channelFacts(state, channel)),
      deadLetters: dead.map(({ name, reason }) => ({ name, reason })),
      deadDirectory: alerts.deadDirectory,
      recordsInSpool: names.length,
      clockTrusted,
    },
    findings: [],
  };
}

export function text(situation: Situation, view: View): string[] {
  const { incidents, waiting, held, channels, deadLetters: dead, deadDirectory, clockTrusted } = situation;
  return [
    ...(incidents.length === 0 ? ['nothing is wrong'] : incidents.flatMap((one) => incidentLines(one, view))),
    ...waiting.map(({ channel, title }) => `waits to be sent through ${channel}: ${title}`),
    ...held.map((news) => `waits for the end of the quiet hours at ${situation.quietUntil}: ${news}`),
    ...formatTable(
      channels.map((one) => [one.channel, channelLine(one, view)]),
      view,
    ),
    ...(channels.length === 0 ? ['nobody is told: no channel can be used here; why: alert-send test'] : []),
    ...dead.map(({ name, reason }) => `dead letter: ${name}: ${reason ?? 'nobody could read it'}`),
    ...(dead.length === 0 ? [] : [`when they were read: rm ${shellWord(deadDirectory)}/*`]),
    ...(clockTrusted ? [] : ['the clock is not synchronised: no reminder comes due meanwhile']),
  ];
}

interface ListedIncident {
  id: string;
  check: string;
  severity: string;
  apps: readonly string[];
  since: Date;
  failedRuns: number;
  message: string;
  next: string | undefined;
  acknowledged: boolean;
  acknowledgedUntil: Date | undefined;
}

function describe(check: CheckState, installation: string, now: number): ListedIncident[] {
  const incident = openIncident(check);
  if (incident === undefined) return [];
  const { severity, apps, openedAt, runs, facts, acknowledged } = incident;
  return [
    {
      id: incidentId(installation, check.check),
      check: check.check,
      severity,
      apps,
      since: new Date(openedAt),
      failedRuns: runs,
      message: facts.message,
      next: facts.next,
      acknowledged: isAcknowledged(incident, now),
      acknowledgedUntil: acknowledged?.untilAt === undefined ? undefined : new Date(acknowledged.untilAt),
    },
  ];
}

function incidentLines(one: ListedIncident, { now, timeZone }: View): string[] {
  const until =
    one.acknowledgedUntil === undefined ? 'its end' : formatInstant(one.acknowledgedUntil, timeZone);
  const since = sinceWords(one.since.getTime(), { now: now.getTime(), timeZone, pattern: ' (%s)' });
  return [
    `${one.id}  ${one.check}  ${one.severity}  since ${since}, ${formatCount(one.failedRuns, 'failed run')}` +
      (one.acknowledged ? `, acknowledged until ${until}` : ''),
    `    ${one.message}`,
    ...(one.next === undefined ? [] : [`    next: ${one.next}`]),
  ];
}

function waitingMessages(state: AlertState, alerts: Alerts, now: number, clockTrusted: boolean) {
  return alerts.channels.flatMap(({ name: channel }) =>
    dueNotices(state, channel, alerts.policy, { now, clockTrusted }).map((notice) => ({
      channel,
      title: compose(notice, { ...alerts, now }).title,
    })),
  );
}

function channelFacts(state: AlertState, channel: string): ListedChannel {
  const { attempts, problem, retryAt, lastGoodAt } = channelOf(state, channel);
  return { channel, attempts, problem, retryAt: date(retryAt), lastGoodAt: date(lastGoodAt) };
}

function channelLine(
  { attempts, problem, retryAt, lastGoodAt }: ListedChannel,
  { now, timeZone }: View,
): string {
  const good =
    lastGoodAt === undefined ? 'nothing was sent yet' : `last message ${formatInstant(lastGoodAt, timeZone)}`;
  if (attempts === 0) return `ok, ${good}`;
  const again =
    retryAt === undefined
      ? ''
      : `, next try in ${formatDuration(Math.max(0, retryAt.getTime() - now.getTime()))}`;
  return `FAILING (${formatCount(attempts, 'attempt')}): ${problem ?? ''}${again}; ${good}`;
}

function date(at: number | undefined): Date | undefined {
  return at === undefined ? undefined : new Date(at);
}

function channelNames({ channels, ping }: Alerts): string[] {
  return [...channels.map(({ name }) => name), ...(ping === undefined ? [] : ['ping'])];
}
