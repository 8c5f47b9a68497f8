// How code asks for another program to be run. Adapters receive a CommandRunner instead of spawning by themselves;
// the real one is lib/process/run-command.

interface CommandOptions {
  /** The program is ended when it takes longer. Without it there is no limit. */
  timeoutMs?: number;
  /** Ends the program when it aborts; the call then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** An open descriptor of ours, which the program finds as its descriptor 3. */
  inheritFd?: number;
  /** What the program reads on its standard input, which is empty otherwise. */
  input?: string;
  /** Variables that the program has beside ours; undefined takes one away. */
  variables?: Readonly<Record<string, string | undefined>>;
  /** How much of the end of each stream is kept; 8 KiB unless given. */
  outputBytesMax?: number;
  /** Exit codes that are answers and not failures. Without it only 0. */
  acceptExitCodes?: readonly number[];
}

/** How a program ended. Of long output only the end is kept: the last 8 KiB of each stream, or as asked. */
interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end, without a shell, in the directory `/`: paths in `args` are absolute.
 *
 * Throws OpsError `missing` (not installed), `denied` (may not be executed), `unavailable` (took longer than
 * `timeoutMs`) or `io` (an exit code that is not accepted, or ended by a signal; the message ends with the last line
 * of its stderr).
 */
export type CommandRunner = (
  command: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;
