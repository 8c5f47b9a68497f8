// alert-send ack: a person knows. It takes no lock and waits for nobody: the next alert-send takes it in.
import { parseDuration } from '../../lib/base/duration.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatInstant } from '../../lib/base/format.ts';
import { incidentId } from '../../lib/incident/check.ts';
import { openIncident } from '../../lib/incident/state.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { peek } from './steps/take-in.ts';

export const run: CommandRun = async (context, input) => {
  const alerts = await context.openAlerts();
  const id = input.argument(0) ?? '';
  const forMs = requireDuration(input.option('for'));
  const { kept } = await peek(context, alerts);
  const open = kept.state.checks.filter((check) => openIncident(check) !== undefined);
  const found = open.find(({ check }) => check === id || incidentId(alerts.host, check) === id);
  if (found === undefined) {
    const known = open.map(({ check }) => `${incidentId(alerts.host, check)} (${check})`);
    throw new OpsError('missing', `cannot acknowledge ${JSON.stringify(id)}: there is no such incident`, {
      hint: known.length === 0 ? 'nothing is wrong now' : `alert-send list; there is ${known.join(', ')}`,
    });
  }
  const at = context.clock.now().getTime();
  if (!input.dryRun) await alerts.spool.add({ kind: 'acknowledgement', check: found.check, at, forMs }, at);
  const until = forMs === undefined ? undefined : new Date(at + forMs);
  return {
    result: { check: found.check, until },
    lines: [
      `${input.dryRun ? 'would acknowledge' : 'acknowledged'} ${found.check}: no reminders until ${until === undefined ? 'it is over' : formatInstant(until)}; ` +
        'its end, and another app that fails, are told all the same',
    ],
    badNews: false,
  };
};

function requireDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new OpsError('usage', `cannot understand --for ${JSON.stringify(text)}: it is no time`, {
    hint: 'for example --for 30min, --for 8h or --for 2d',
  });
}
