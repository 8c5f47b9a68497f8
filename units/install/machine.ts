// What an installation asks of the running system. There is none below --root, and nothing is asked then.

export interface Machine {
  /** Runs a program and returns what it printed. Throws OpsError when it fails. */
  run(program: string, ...args: string[]): Promise<string>;
  /** The same, with whatever exit code. */
  try(program: string, ...args: string[]): Promise<string>;
  say(text: string): void;
}
