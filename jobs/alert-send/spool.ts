// alert-send spool: what systemd says of a unit that ended, as a record. No network, no lock, no store: it works where
// the job was killed, and a run that has spoken for itself gives one alert with this one, by its run id.
import { OpsError } from '../../lib/base/errors.ts';
import { guardedApps } from '../../lib/config/config.ts';
import { isCheckName } from '../../lib/incident/check.ts';
import type { RunResult } from '../../lib/incident/observation.ts';
import { severityOf } from '../../lib/incident/severity.ts';
import { unitEnding } from '../../lib/incident/unit-ending.ts';
import type { SpoolRecord } from '../../lib/notify/spool-record.ts';
import { configOption } from '../../lib/run/config-option.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { protectionOf, scope } from '../../lib/run/told-of.ts';
import { nextCommand } from '../steps/next-command.ts';
import type * as parameters from './parameters.ts';

type Given = Options<typeof parameters.spool>;

/** What was left for alert-send. */
interface Spooled {
  spooled: boolean;
  check: string;
  result: RunResult;
  message: string;
  runId: string | undefined;
  /** Why nothing was, where there is nothing to tell. */
  left: string | undefined;
}

export async function run(context: JobContext, options: Given): Promise<Outcome<Spooled>> {
  const record = recordOf(context, options);
  const left = context.config.alerts === undefined ? notConfigured : runsAgain(context);
  if (left === undefined) {
    const { spool } = await context.openAlerts();
    await spool.add(record, record.at);
  }
  return { result: { ...spooledOf(record, left === undefined), left }, findings: [] };
}

/**
 * Who handles a failure and hears of a success: the unit runs again by now, or has. That run and the one before speak for
 * themselves, and one that was killed is told by the next. Only of what never began somebody else has to speak.
 */
function runsAgain({ history, serviceEnding }: JobContext): string | undefined {
  const { isHandler, result, invocationId } = serviceEnding();
  if (!isHandler || result !== 'success' || invocationId === undefined) return undefined;
  const hasBegun = history.recentRuns(undefined, runsLooked).some(({ id }) => id === invocationId);
  return hasBegun ? 'it runs again by now, or has, and speaks for itself' : undefined;
}

const notConfigured = 'alerts are not configured: nobody is to be told';
const runsLooked = 50;

export function text(result: Spooled): string[] {
  return [result.left ?? `spooled: ${words(result)}`];
}

export const plan: Steps<Given, Spooled> = {
  async run(context, options) {
    return {
      result: { ...spooledOf(recordOf(context, options), false), left: runsAgain(context) },
      findings: [],
    };
  },
  text: (result) => [result.left ?? `would spool: ${words(result)}`],
};

function spooledOf({ check, result, facts, runId }: RunRecord, spooled: boolean): Omit<Spooled, 'left'> {
  return { spooled, check, result, message: facts.message, runId };
}

function words({ check, result, message }: Pick<Spooled, 'check' | 'result' | 'message'>): string {
  return `${check}: ${result}${message === '' ? '' : `: ${message}`}`;
}

type RunRecord = Extract<SpoolRecord, { kind: 'run' }>;

function recordOf(context: JobContext, options: Given): RunRecord {
  const { config, clock } = context;
  const found = context.serviceEnding();
  const unit = options.unit ?? found.unit;
  const name = requireName(options.job ?? unit?.replace(/\.service$/, ''));
  const result = requireResult(options.result ?? found.result);
  const ending = unitEnding(result, found.exitStatus, found.isHandler);
  const [job = name, app] = name.split('@');
  const owner = scope(config, app);
  const apps = app === undefined ? guardedApps(config).map((one) => one.name) : [app];
  const isBad = ending.result !== 'done';
  return {
    kind: 'run',
    check: owner === undefined ? job : name,
    runId: found.invocationId,
    at: clock.now().getTime(),
    result: ending.result,
    severity: severityOf(ending.result, ending.kind),
    proves: [],
    facts: {
      message: ending.message,
      hint: undefined,
      next: isBad
        ? nextCommand(commandOf(job), {
            ...ending,
            app: owner,
            unit,
            configOption: configOption(config),
          })
        : undefined,
      apps: isBad ? apps : [],
      runId: found.invocationId,
      exitCode: ending.exitCode,
      protection: isBad ? protectionOf(context, apps) : [],
    },
  };
}

/** `restore-drill` is a command of restore. */
function commandOf(job: string): string {
  return ['db-backup', 'restore'].find((known) => job === known || job.startsWith(`${known}-`)) ?? job;
}

function requireName(name: string | undefined): string {
  if (name !== undefined && isCheckName(name)) return name;
  throw new OpsError(
    'usage',
    `cannot tell what ended: ${name === undefined ? '--job is missing' : `${JSON.stringify(name)} names no job`}`,
    {
      hint: 'name it: alert-send spool --job db-backup --unit db-backup.service',
    },
  );
}

function requireResult(result: string | undefined): string {
  if (result !== undefined && /^[a-z-]{1,40}$/.test(result)) return result;
  throw new OpsError('usage', 'cannot tell how it ended: neither --result nor $SERVICE_RESULT says so', {
    hint: 'systemd sets it for OnFailure= and ExecStopPost=; by hand: --result timeout',
  });
}
