// What a channel has to say now: the difference between what is so and what it has said. Nothing is queued, so that
// after an outage a failure and its end are one message by themselves.
import type { Severity } from '../base/verdict.ts';
import type { AlertPolicy } from './policy.ts';
import { isQuiet } from './quiet-hours.ts';
import {
  type AlertState,
  type ChannelState,
  channelOf,
  checkOf,
  type CheckState,
  type Incident,
  isAcknowledged,
  type Told,
  withChannel,
  withCheck,
} from './state.ts';

/**
 * `failing`: the first word of it. `worse`: another app, or critical now. `reminder`: still so. `recovered`: the end of
 * what was told. `passed`: beginning and end of what could not be told, or was held, in one.
 */
export type NewsKind = 'failing' | 'worse' | 'reminder' | 'recovered' | 'passed';

export interface News {
  kind: NewsKind;
  check: string;
  severity: Severity;
  incident: Incident;
}

/** One message. Of several items it is a digest; of none, a canary. */
export interface Notice {
  channel: string;
  items: readonly News[];
}

/** The check that stands for a channel itself. A channel is never told of its own trouble. */
export function channelCheck(channel: string): string {
  return `alerts-${channel}`;
}

/** The alerts' own trouble is told after that of the data. */
function isOfAlerts(check: string): boolean {
  return check.startsWith('alerts-');
}

/** Whether a channel is to be told about a check at all. */
export function concerns(channel: string, check: string): boolean {
  return check !== channelCheck(channel);
}

/** Everything `channel` has to say at `now`, the most urgent first. Warnings are one message together. */
export function dueNotices(
  state: AlertState,
  channel: string,
  policy: AlertPolicy,
  { now, clockTrusted }: { now: number; clockTrusted: boolean },
): Notice[] {
  const quiet = isQuiet(policy.quiet, now);
  const news = state.checks
    .filter(({ check }) => concerns(channel, check))
    .flatMap((check) => newsOf(check, channel, now))
    .sort((a, b) => Number(isOfAlerts(a.check)) - Number(isOfAlerts(b.check)));
  const loud = news.filter(isUrgent);
  const mild = quiet ? [] : news.filter((item) => !isUrgent(item));
  const notices = [...loud.map((item) => [item]), ...(mild.length === 0 ? [] : [mild])];
  const canary = !quiet && clockTrusted && isCanaryDue(state, channelOf(state, channel), policy, now);
  return [...notices, ...(canary ? [[]] : [])].map((items) => ({ channel, items }));
}

/** What waits for the end of the quiet hours, on any of the channels. */
export function heldNews(
  state: AlertState,
  channels: readonly string[],
  policy: AlertPolicy,
  now: number,
): News[] {
  if (!isQuiet(policy.quiet, now)) return [];
  const held = channels.flatMap((channel) =>
    state.checks.flatMap((check) => (concerns(channel, check.check) ? newsOf(check, channel, now) : [])),
  );
  const mild = held.filter((item) => !isUrgent(item));
  return mild.filter((item, index) => mild.findIndex(({ check }) => check === item.check) === index);
}

/** The state once the channel has said it. */
export function told(state: AlertState, { channel, items }: Notice, now: number): AlertState {
  if (items.length === 0) return withChannel(state, { ...channelOf(state, channel), canaryAt: now });
  return items.reduce((sum, { check, incident, kind }) => {
    const found = checkOf(sum, check);
    if (found.incident === undefined) return sum;
    const mark: Told = {
      channel,
      state: kind === 'recovered' || kind === 'passed' ? 'closed' : 'open',
      reminders: incident.reminders,
      apps: incident.apps,
      critical: incident.severity === 'critical',
    };
    const others = found.incident.told.filter((other) => other.channel !== channel);
    return withCheck(sum, { ...found, incident: { ...found.incident, told: [...others, mark] } });
  }, state);
}

function newsOf({ check, incident }: CheckState, channel: string, now: number): News[] {
  if (incident === undefined) return [];
  const before = incident.told.find((mark) => mark.channel === channel);
  const kind = incident.closedAt === undefined ? openNews(incident, before, now) : closedNews(before);
  return kind === undefined ? [] : [{ kind, check, severity: incident.severity, incident }];
}

function openNews(incident: Incident, before: Told | undefined, now: number): NewsKind | undefined {
  const known = isAcknowledged(incident, now);
  if (before === undefined) return known ? undefined : 'failing';
  if (incident.apps.some((app) => !before.apps.includes(app))) return 'worse';
  if (known) return undefined;
  if (incident.severity === 'critical' && !before.critical) return 'worse';
  return incident.reminders > before.reminders ? 'reminder' : undefined;
}

function closedNews(before: Told | undefined): NewsKind | undefined {
  if (before === undefined) return 'passed';
  return before.state === 'open' ? 'recovered' : undefined;
}

/** What is over by itself disturbs nobody's sleep, whatever it was. */
function isUrgent({ severity, kind }: News): boolean {
  return severity === 'critical' && kind !== 'passed';
}

function isCanaryDue(
  { begunAt }: AlertState,
  { canaryAt }: ChannelState,
  { canaryEvery }: AlertPolicy,
  now: number,
): boolean {
  return canaryEvery !== undefined && now - (canaryAt ?? begunAt) >= canaryEvery;
}
