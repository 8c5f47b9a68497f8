// What shipping came to, in words: lines for who looks, findings where it is bad.
import { formatCount, formatInstant } from '../../../lib/base/format.ts';
import type { View } from '../../../lib/run/job.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import { some } from './export-words.ts';
import type { Shipment } from './ship.ts';

export function shipFindings(shipment: Shipment | undefined, app: string): AppFinding[] {
  if (shipment === undefined) return [];
  const { to, state, error, pending, overdue, altered, kept, reason, sent } = shipment;
  const findings: AppFinding[] = [];
  if (error !== undefined) findings.push({ severity: 'warning', ...error });
  else if (overdue)
    findings.push({
      severity: 'warning',
      kind: 'unavailable',
      message: `${longSince(shipment)}${because(reason)}`,
      hint: `db-export-json run --ship --app ${app} tries again; queue_age_max in [apps.${app}.export.ship] says how long it may take`,
    });
  if (altered.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(altered)} gone or altered at ${to} after it was shipped: ${altered.every((name) => sent.includes(name)) ? 'sent again' : 'to be sent again'}`,
      hint: 'look at who else writes in the directory there',
    });
  if (kept.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(kept)} frozen, and not the document that ${to} has: left there as it was`,
      hint: `db-export-json check --app ${app} shows what differs from the database here`,
    });
  if (state === 'queued' && !overdue && pending.length > 0 && reason === undefined)
    findings.push({
      severity: 'warning',
      message: `${some(pending)} not shipped: what lies here is not whole, or changes under our eyes`,
      hint: `db-export-json run --ship --app ${app} tries again`,
    });
  return findings;
}

function longSince({ to, pending, pendingSince, lookedAt }: Shipment): string {
  if (pendingSince !== undefined)
    return `${formatCount(pending.length, 'document')} wait for ${to} since ${formatInstant(pendingSince)}`;
  const since = lookedAt === undefined ? '' : ` since ${formatInstant(lookedAt)}`;
  return `the documents at ${to} could not be looked at${since}`;
}

export function shipLines(
  shipment: Shipment | undefined,
  app: string,
  view: View,
  { dryRun }: { dryRun: boolean },
): string[] {
  if (shipment === undefined) return [];
  const { to, state, sent, pending, pendingSince, altered, kept, lookedAt, reason } = shipment;
  const since = pendingSince === undefined ? '' : ` since ${formatInstant(pendingSince)}`;
  const waiting = `${formatCount(pending.length, 'document')}${since}`;
  const isSent = dryRun ? 'would be sent' : 'sent';
  const looked = lookedAt === undefined ? '' : `, all looked at ${formatInstant(lookedAt)}`;
  const how = {
    shipped: dryRun ? 'the reader answers' : `all is in place${looked}`,
    queued: dryRun ? `the reader is out of reach${because(reason)}` : queuedWords(shipment, waiting),
    failed: dryRun ? 'BUT NOTHING WOULD ARRIVE' : `NOT SHIPPED: ${waiting}`,
  }[state];
  return [
    `  to ${to}: ${formatCount(sent.length, 'document')} ${isSent}; ${how}`,
    ...listed(sent, isSent),
    ...listed(altered, 'GONE OR ALTERED THERE'),
    ...listed(kept, 'FROZEN, and another one there'),
    ...newsLines(shipment, app, view),
  ];
}

function queuedWords({ pending, reason }: Shipment, waiting: string): string {
  if (pending.length === 0) return `nothing waits, and it is out of reach${because(reason)}`;
  return `queued: ${waiting}${because(reason)}`;
}

/** More than these nobody reads. */
const listedMax = 20;

function listed(names: readonly string[], what: string): string[] {
  const shown = names.slice(0, listedMax).map((name) => `  ${what}: ${name}`);
  return names.length <= listedMax ? shown : [...shown, `  ${what}: and ${names.length - listedMax} more`];
}

/** The bad news of it, with hints that work as typed. */
function newsLines(shipment: Shipment, app: string, { findings }: View): string[] {
  const ours = new Set(shipFindings(shipment, app).map(({ message }) => message));
  return findings
    .filter(({ subject, message }) => subject === app && ours.has(message))
    .flatMap(({ severity, message, hint }) => [
      `  ${severity.toUpperCase()}: ${message}`,
      ...(hint === undefined ? [] : [`    hint: ${hint}`]),
    ]);
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}
