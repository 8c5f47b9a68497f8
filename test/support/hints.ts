// Every hint that a command prints in a test is held to what hints promise: the commands of ours in it can be typed.
import type { Job } from '../../lib/run/job.ts';
import { commandsIn } from '../../lib/run/hint.ts';
import { parseArguments } from '../../lib/run/options.ts';

const loaders: Record<string, () => Promise<Job>> = {
  'db-backup': async () => (await import('../../jobs/db-backup.ts')).dbBackup,
  'db-export-json': async () => (await import('../../jobs/db-export-json.ts')).dbExportJson,
  'db-maintain': async () => (await import('../../jobs/db-maintain.ts')).dbMaintain,
  'delta-pull': async () => (await import('../../jobs/delta-pull.ts')).deltaPull,
  'delta-serve': async () => (await import('../../jobs/delta-serve.ts')).deltaServe,
  'delta-push': async () => (await import('../../jobs/delta-push.ts')).deltaPush,
  'delta-receive': async () => (await import('../../jobs/delta-receive.ts')).deltaReceive,
  'health-check': async () => (await import('../../jobs/health-check.ts')).healthCheck,
  restore: async () => (await import('../../jobs/restore.ts')).restore,
  'alert-send': async () => (await import('../../jobs/alert-send.ts')).alertSend,
};

/** Throws where a hint on stderr names a command of ours that its parser refuses. */
export async function requireTypedHints(stderr: string): Promise<void> {
  for (const [, hint = ''] of stderr.matchAll(/hint: (.*)$/gm)) {
    for (const words of commandsIn(hint)) {
      const problem = await refusal(words);
      if (problem !== '')
        throw new Error(`the hint cannot be typed: ${words.join(' ')}: ${problem} (${hint})`);
    }
  }
}

/** What the parser says against a command; empty where it takes it. */
export async function refusal([job = '', ...args]: readonly string[]): Promise<string> {
  let said = '';
  const load = loaders[job];
  if (load === undefined) return 'there is no such job';
  const write = (text: string) => void (said += text);
  const unquoted = args.map((word) => word.replace(/^'(.*)'$/, '$1').replace(/^"(.*)"$/, '$1'));
  const parsed = await parseArguments(await load(), unquoted, {
    version: '',
    writeOut: write,
    writeErr: write,
  });
  // In a sentence the value that an argument stands for may be left to the reader: `restore run <name>`.
  return 'run' in parsed || /missing required argument/.test(said) ? '' : said;
}
