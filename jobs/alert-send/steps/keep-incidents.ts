// Writes into the history which incidents began, changed or ended: the state of alerts forgets them when all is told.
import { type AlertState, checkOf, type CheckState, type Incident } from '../../../lib/incident/state.ts';
import type { IncidentRow } from '../../../lib/history/incident-rows.ts';
import type { JobContext } from '../../../lib/run/context.ts';

/** From the state before a run to the one after it. */
export function keepIncidents({ history, clock }: JobContext, before: AlertState, after: AlertState): void {
  const now = clock.now();
  const changed = after.checks.flatMap((check) => {
    const row = rowOf(check);
    return row === undefined || same(row, rowOf(checkOf(before, check.check))) ? [] : [row];
  });
  // Over and told within this run.
  const gone = before.checks.flatMap((check) => {
    const row = rowOf(check);
    const isThere = checkOf(after, check.check).incident !== undefined;
    return row === undefined || row.closedAt !== undefined || isThere ? [] : [{ ...row, closedAt: now }];
  });
  const all = [...changed, ...gone];
  if (all.length > 0) history.recordIncidents(all);
}

function rowOf({ check, incident }: CheckState): IncidentRow | undefined {
  if (incident === undefined) return undefined;
  const { openedAt, closedAt, severity, facts, apps } = incident satisfies Incident;
  return {
    check,
    openedAt: new Date(openedAt),
    closedAt: closedAt === undefined ? undefined : new Date(closedAt),
    severity,
    message: facts.message,
    apps,
  };
}

function same(one: IncidentRow, other: IncidentRow | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
