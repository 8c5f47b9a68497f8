// What the service manager says to this process by its environment. None of it is configuration.
import { type Environment, nonEmpty } from './environment.ts';

/**
 * The identity systemd gave this run, or undefined outside systemd. A shell that systemd started hands its own
 * INVOCATION_ID down to everything typed in it; only the process systemd itself executed may call itself by it.
 */
export function invocationId(pid: number, environment: Environment = process.env): string | undefined {
  return environment.SYSTEMD_EXEC_PID === String(pid) ? nonEmpty(environment.INVOCATION_ID) : undefined;
}

/** How systemd says that a unit ended: to its handler (`MONITOR_…`, for OnFailure=), or to its own ExecStopPost=. */
export interface ServiceEnding {
  /** Whether another unit's end is meant, and this process handles it. */
  isHandler: boolean;
  unit: string | undefined;
  /** `success`, `exit-code`, `signal`, `timeout`, `oom-kill` … */
  result: string | undefined;
  /** A number after `exited`, else the name of a signal. */
  exitStatus: string | undefined;
  invocationId: string | undefined;
}

/** What systemd's variables say; all undefined outside systemd. */
export function serviceEnding(environment: Environment = process.env): ServiceEnding {
  const isHandler = nonEmpty(environment.MONITOR_SERVICE_RESULT) !== undefined;
  const of = (name: string) => nonEmpty(environment[isHandler ? `MONITOR_${name}` : name]);
  const result = of('SERVICE_RESULT');
  return {
    isHandler,
    unit: nonEmpty(environment.MONITOR_UNIT),
    result,
    exitStatus: of('EXIT_STATUS'),
    // A shell under systemd hands its own id down; only beside a result does it belong to the unit that ended.
    invocationId: result === undefined ? undefined : of('INVOCATION_ID'),
  };
}

/** The files that the secrets of the units come from, as the installer has told the unit of alert-send. */
export function secretFiles(environment: Environment = process.env): string[] {
  return nonEmpty(environment.HOLDFAST_SECRET_FILES)?.split(':') ?? [];
}

/** Whether a service manager listens for how far we are. */
export function isNotified(environment: Environment = process.env): boolean {
  return nonEmpty(environment.NOTIFY_SOCKET) !== undefined;
}

/** Whether stderr is the journal, which understands `<3>` style priority prefixes. */
export function logsToJournal(environment: Environment = process.env): boolean {
  return nonEmpty(environment.JOURNAL_STREAM) !== undefined;
}
