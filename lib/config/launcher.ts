// What the launcher in bin/ and the terminal say to this process by its environment. None of it is configuration.
import { type Environment, nonEmpty } from './environment.ts';

/** The signals that were ignored when the launcher was started, as /proc/<pid>/status shows them: Node resets them. */
export function ignoredSignalMask(environment: Environment): string | undefined {
  return nonEmpty(environment.HOLDFAST_SIGNALS_IGNORED);
}

/** Whether the terminal can do no more than print one line below the other. */
export function isPlainTerminal(environment: Environment): boolean {
  const kind = nonEmpty(environment.TERM);
  return kind === undefined || kind === 'dumb';
}

/** Whether a terminal may be written to in colours: https://no-color.org */
export function wantsColour(environment: Environment): boolean {
  return !isPlainTerminal(environment) && nonEmpty(environment.NO_COLOR) === undefined;
}
