// Leaves for alert-send what has become an alarm, and what is none any more: told once, by what it knows already.
import type { Severity } from '../../../lib/base/verdict.ts';
import { guardedApps } from '../../../lib/config/config.ts';
import { alertName, type CheckState, isAlarm } from '../../../lib/health/reading.ts';
import { healthPrefix } from '../../../lib/incident/check.ts';
import type { Observation } from '../../../lib/incident/observation.ts';
import { type Incident, openIncident } from '../../../lib/incident/state.ts';
import { configOption } from '../../../lib/run/config-option.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { completeHint } from '../../../lib/run/hint.ts';
import { leaveRecord } from '../../../lib/run/lost-runs.ts';
import { protectionOf } from '../../../lib/run/told-of.ts';

/** The check of the run itself: that it could not run is told by systemd, that it can again by the run. */
const ownCheck = 'health-check';

/** Never throws for what cannot be left: the next run tries again, for it sees that nobody knows yet. */
export async function tellAlarms(context: JobContext, states: readonly CheckState[]): Promise<void> {
  if (context.config.alerts === undefined) return;
  const open = await openNow(context);
  const alarms = new Map(states.filter(isAlarm).map((state) => [alertName(state), state]));
  const known = new Map(states.map((state) => [alertName(state), state]));
  const news = [
    ...[...alarms].flatMap(([name, state]) => {
      const severity = severityOf(state);
      const told = open.get(name);
      const isKnown = told !== undefined && (told.severity === 'critical' || severity === 'warning');
      return isKnown ? [] : [observation(context, name, state, { result: 'bad-news', severity })];
    }),
    ...[...open.keys()].flatMap((name) => {
      if (name !== ownCheck && (alarms.has(name) || isNotOver(known.get(name)))) return [];
      return [observation(context, name, known.get(name), { result: 'done', severity: 'warning' })];
    }),
  ];
  for (const one of news) await leaveRecord(context, { kind: 'run', ...one });
}

/** What is bad still, though something else explains it now or it is too early to say, or has to be well more often first. */
function isNotOver(state: CheckState | undefined): boolean {
  return state !== undefined && (state.verdict !== 'ok' || state.alarmSince !== undefined);
}

function severityOf({ verdict }: CheckState): Severity {
  return verdict === 'critical' ? 'critical' : 'warning';
}

/** The incidents of health checks that are open, or will be when what lies in the spool is taken in. */
async function openNow(context: JobContext): Promise<Map<string, Pick<Incident, 'severity'>>> {
  const alerts = await context.openAlerts();
  const { state } = await alerts.states.look(context.clock.now().getTime());
  const open = new Map<string, Pick<Incident, 'severity'>>();
  for (const check of state.checks) {
    const incident = openIncident(check);
    if (incident !== undefined && isOurs(check.check)) open.set(check.check, incident);
  }
  for (const { record } of (await alerts.spool.look()).records) {
    if (record.kind !== 'run' || !isOurs(record.check)) continue;
    if (record.result === 'done') open.delete(record.check);
    else open.set(record.check, { severity: record.severity });
  }
  return open;
}

function isOurs(check: string): boolean {
  return check.startsWith(healthPrefix) || check === ownCheck;
}

function observation(
  context: JobContext,
  name: string,
  state: CheckState | undefined,
  { result, severity }: Pick<Observation, 'result' | 'severity'>,
): Observation {
  const { config, clock } = context;
  const app = guardedApps(config).find((one) => one.name === state?.subject)?.name;
  const option = configOption(config);
  const isBad = result !== 'done';
  return {
    check: name,
    runId: undefined,
    at: clock.now().getTime(),
    result,
    severity,
    proves: [],
    facts: {
      message: state === undefined ? '' : `${state.check} ${state.subject}: ${state.message}`,
      hint:
        isBad && state?.hint !== undefined
          ? completeHint(state.hint, { configOption: option, app, isSudo: false })
          : undefined,
      next: state === undefined ? undefined : `health-check explain ${state.check}${option}`,
      apps: isBad && app !== undefined ? [app] : [],
      runId: undefined,
      exitCode: undefined,
      protection: isBad && app !== undefined ? protectionOf(context, [app]) : [],
    },
  };
}
