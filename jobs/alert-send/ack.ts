// alert-send ack: a person knows. It takes no lock and waits for nobody: the next alert-send takes it in.
import { parseDuration } from '../../lib/base/duration.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatInstant } from '../../lib/base/format.ts';
import { appOf, incidentId } from '../../lib/incident/check.ts';
import { openIncident } from '../../lib/incident/state.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { scope } from '../../lib/run/told-of.ts';
import type * as parameters from './parameters.ts';
import { peek } from './steps/take-in.ts';

type Given = Options<typeof parameters.ack>;

interface Acknowledged {
  check: string;
  /** Until when; undefined until it is over. */
  until: Date | undefined;
}

export async function run(context: JobContext, options: Given): Promise<Outcome<Acknowledged>> {
  const alerts = await context.openAlerts();
  const { check, forMs } = await requireIncident(context, options);
  const at = context.clock.now().getTime();
  await alerts.spool.add({ kind: 'acknowledgement', check, at, forMs }, at);
  return outcome(context, check, forMs);
}

export function text(result: Acknowledged, { timeZone }: View): string[] {
  return [`acknowledged ${words(result, timeZone)}`];
}

export const plan: Steps<Given, Acknowledged> = {
  async run(context, options) {
    const { check, forMs } = await requireIncident(context, options);
    return outcome(context, check, forMs);
  },
  text: (result, { timeZone }) => [`would acknowledge ${words(result, timeZone)}`],
};

async function requireIncident(context: JobContext, { id, for: duration }: Given) {
  const alerts = await context.openAlerts();
  const forMs = requireDuration(duration);
  const { kept } = await peek(context, alerts);
  const open = kept.state.checks.filter((check) => openIncident(check) !== undefined);
  const name = checkOfUnit(context, id);
  const found = open.find(
    ({ check }) => [id, name].includes(check) || incidentId(alerts.installation, check) === id,
  );
  if (found !== undefined) return { check: found.check, forMs };
  const known = open.map(({ check }) => `${incidentId(alerts.installation, check)} (${check})`);
  throw new OpsError('missing', `cannot acknowledge ${JSON.stringify(id)}: there is no such incident`, {
    hint: known.length === 0 ? 'nothing is wrong now' : `alert-send list; there is ${known.join(', ')}`,
  });
}

/** A unit is always named with its app, `db-backup@ctv.service`, and a check only where there are several. */
function checkOfUnit({ config }: JobContext, name: string): string {
  const check = name.replace(/\.service$/, '');
  const { all, app } = appOf(check);
  return scope(config, app) === undefined ? all : check;
}

function outcome({ clock }: JobContext, check: string, forMs: number | undefined): Outcome<Acknowledged> {
  const until = forMs === undefined ? undefined : new Date(clock.now().getTime() + forMs);
  return { result: { check, until }, findings: [] };
}

function words({ check, until }: Acknowledged, timeZone: string): string {
  return (
    `${check}: no reminders until ${until === undefined ? 'it is over' : formatInstant(until, timeZone)}; ` +
    'its end, and another app that fails, are told all the same'
  );
}

function requireDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new OpsError('usage', `cannot understand --for ${JSON.stringify(text)}: it is no time`, {
    hint: 'for example --for 30min, --for 8h or --for 2d',
  });
}
