// Stops and starts what uses a database, by systemd units, by the operator's own commands, or both.
import type { CommandRunner } from '../base/command.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { runShell, shown } from './shell.ts';

/** What uses a database, as one thing. */
export interface Services {
  /**
   * Stops everything, in the order of the configuration. Stops at the first failure and throws it; what was stopped
   * by then stays stopped until `start`. Stopping what does not run succeeds, and a unit that is not on this machine is a
   * warning: on a new one the database may well come before the app.
   */
  stop(signal?: AbortSignal): Promise<void>;
  /**
   * Starts everything, in the reverse order. One that fails does not keep the others from being started; all failures
   * are named in one OpsError. There is no signal: an aborted run starts what it stopped. Returns the units that are not on
   * this machine.
   */
  start(): Promise<string[]>;
  /** What would be stopped, in a few words: `flaskapp.service, worker.service`. */
  describe(): string;
  /** Nothing is known that would be stopped. */
  readonly isNone: boolean;
}

export interface ServicesOptions {
  units: readonly string[];
  /** Shell commands of the operator, beside the units or instead of them. One never comes without the other. */
  stop?: string | undefined;
  start?: string | undefined;
  /**
   * A unit of ours that has the database open as well, where one is configured: it is stopped last, and nothing is amiss where
   * systemd has none of that name, or where there is no systemd.
   */
  own?: string | undefined;
  run: CommandRunner;
  log: Log;
  /** For each unit and each command. */
  timeoutMs: number;
}

interface Step {
  name: string;
  /** The program as the errors of its runner name it. */
  program: string;
  hint: string;
  /** Resolves to false where there is no such service on this machine. */
  run(signal?: AbortSignal): Promise<boolean>;
}

interface Part {
  stop: Step;
  start: Step;
}

interface Failure {
  step: Step;
  error: unknown;
}

/** Throws OpsError `config` for a name that is no unit, and for a stop command without a start command. */
export function createServices(options: ServicesOptions): Services {
  const { log } = options;
  const units = options.units.map((unit) => unitPart(unit, options));
  const parts = [...units, ...commandParts(options), ...ownPart(options)];
  return {
    async stop(signal) {
      for (const { stop: step } of parts) {
        signal?.throwIfAborted();
        log.info('stopping', { service: step.name });
        const isThere = await step.run(signal).catch((error: unknown) => {
          throw serviceError('stop', [{ step, error }]);
        });
        if (!isThere) log.warn(`${step.name} is not on this machine: there is nothing to stop`);
      }
    },
    async start() {
      const failures: Failure[] = [];
      const missing: string[] = [];
      for (const { start: step } of parts.toReversed()) {
        log.info('starting', { service: step.name });
        try {
          if (!(await step.run())) missing.push(step.name);
        } catch (error) {
          failures.push({ step, error });
        }
      }
      if (failures.length > 0) throw serviceError('start', failures);
      if (missing.length > 0) log.warn(`not started, for it is not on this machine: ${missing.join(', ')}`);
      return missing;
    },
    isNone: parts.length === 0,
    describe: () => (parts.length === 0 ? 'no services' : parts.map(({ stop }) => stop.name).join(', ')),
  };
}

/** What systemctl answers of a unit that there is none of (systemctl(1), as LSB has it: "program is not installed"). */
const notInstalled = 5;

function unitPart(unit: string, { run, timeoutMs }: ServicesOptions): Part {
  requireUnitName(unit);
  const step = (verb: 'stop' | 'start'): Step => ({
    name: unit,
    program: 'systemctl',
    hint: `systemctl status ${unit} shows more`,
    run: async (signal) => {
      const options = { timeoutMs, signal, acceptExitCodes: [0, notInstalled] };
      return (await run('systemctl', [verb, '--', unit], options)).exitCode !== notInstalled;
    },
  });
  return { stop: step('stop'), start: step('start') };
}

/** Whoever serves the database without systemd is found later, as one who has it open. */
function ownPart(options: ServicesOptions): Part[] {
  const { own, units } = options;
  if (own === undefined || units.includes(own)) return [];
  const quiet = (step: Step): Step => ({
    ...step,
    run: async (signal) => {
      await step.run(signal).catch((error: unknown) => {
        const isAbsent =
          error instanceof OpsError && (error.kind === 'missing' || noSystemd.test(error.message));
        if (!isAbsent) throw error;
      });
      return true;
    },
  });
  const { stop, start } = unitPart(own, options);
  return [{ stop: quiet(stop), start: quiet(start) }];
}

/** What systemctl says where systemd does not look after the machine. */
const noSystemd = /not been booted with systemd|failed to connect to (the )?(system )?(scope )?bus/i;

function commandParts({ stop, start, log, timeoutMs }: ServicesOptions): Part[] {
  if (stop === undefined && start === undefined) return [];
  if (stop === undefined || start === undefined) {
    const [given, absent] = stop === undefined ? ['start', 'stop'] : ['stop', 'start'];
    throw new OpsError('config', `cannot use a ${given} command alone: there is no ${absent} command`, {
      hint: `add ${absent} = "…" beside ${given}`,
    });
  }
  const step = (commandLine: string): Step => ({
    name: shown(commandLine),
    program: shown(commandLine),
    hint: `run it by hand to see more: ${commandLine}`,
    run: async (signal) => {
      await runShell(commandLine, { timeoutMs, signal, log });
      return true;
    },
  });
  return [{ stop: step(stop), start: step(start) }];
}

function requireUnitName(unit: string): void {
  if (/^[A-Za-z0-9:_.\\@-]+\.(service|socket|target|timer)$/.test(unit) && !unit.startsWith('-')) return;
  throw new OpsError(
    'config',
    `cannot use ${JSON.stringify(unit)} as a service: it is not the name of a unit`,
    {
      hint: 'name it as systemctl does, for example flaskapp.service',
    },
  );
}

/** All failures as one OpsError; an error that is none, an abort or a bug, comes back as it is. */
function serviceError(verb: 'stop' | 'start', failures: readonly Failure[]): unknown {
  const [first] = failures;
  for (const { error } of failures) if (!(error instanceof OpsError)) return error;
  const names = failures.map(({ step }) => step.name).join(' and ');
  const text =
    first !== undefined && failures.length === 1
      ? cause(first)
      : failures.map((failure) => `${failure.step.name}: ${cause(failure)}`).join('; ');
  if (/authentication required|access denied|permission denied/i.test(text)) {
    return new OpsError('denied', `cannot ${verb} ${names}: ${text}`, {
      hint: 'run it with sudo, or allow this user to manage the unit with a polkit rule',
      cause: first?.error,
    });
  }
  const kind = first?.error instanceof OpsError ? first.error.kind : 'io';
  const hint = failures.map(({ step }) => step.hint).join('; ');
  return new OpsError(kind, `cannot ${verb} ${names}: ${text}`, { hint, cause: first?.error });
}

/** "cannot run systemctl: exit code 5: …" without its first part, to stand behind another "cannot …:". */
function cause({ step, error }: Failure): string {
  const message = errorMessage(error);
  const opening = `cannot run ${step.program}: `;
  return message.startsWith(opening) ? message.slice(opening.length) : message;
}
