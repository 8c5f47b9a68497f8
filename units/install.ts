// npm run units: puts the units of an app in place and takes them away again. The only importer of zx.
import { $ } from 'zx';
import { OpsError } from '../lib/base/errors.ts';
import { errorExitCodes } from '../lib/base/exit-code.ts';
import { printableLines } from '../lib/base/printable.ts';
import { parseInstallArguments, usage } from './install/arguments.ts';
import { install } from './install/install.ts';
import type { Machine } from './install/machine.ts';
import { installServices, uninstallServices } from './install/services.ts';
import { diff, status } from './install/status.ts';
import { uninstall } from './install/uninstall.ts';

const commands = { install, uninstall, status, diff };
const quiet = $({
  quiet: true,
  nothrow: true,
  env: { ...process.env, LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0' },
});

const machine: Machine = {
  async run(program, ...args) {
    const { exitCode, stdout, stderr } = await quiet`${program} ${args}`;
    if (exitCode === 0) return stdout;
    const said = stderr.trim().split('\n').at(-1);
    throw new OpsError(
      'io',
      `cannot run ${program} ${args.join(' ')}: ${said || `it exited with ${exitCode}`}`,
      {
        hint: 'correct it and run the same command again: it goes on from where it is',
      },
    );
  },
  try: async (program, ...args) => (await quiet`${program} ${args}`).stdout,
  say: (text) => void process.stdout.write(`${printableLines(text)}\n`),
};

async function main(): Promise<void> {
  // What is installed is everybody's to read, whatever the umask of who installs it; secrets are not made here.
  process.umask(0o022);
  // Nobody reads on, as behind `| head`: half an installation would be worse.
  process.stdout.on('error', () => undefined);
  const request = parseInstallArguments(process.argv.slice(2));
  if (request === 'help') return machine.say(usage);
  requireRoot(request.root);
  if ('app' in request) return commands[request.command](request, machine);
  if (request.command === 'install-services') return installServices(request, machine);
  return uninstallServices(request, machine);
}

/** Secrets are root's to read, and units root's to write. */
function requireRoot(root: string): void {
  if (root !== '/' || process.geteuid?.() === 0) return;
  throw new OpsError('denied', 'cannot look after units: that is for root', {
    hint: 'sudo npm run units -- …',
  });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof OpsError)) throw error;
  process.stderr.write(`units: error: ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`units: hint: ${error.hint}\n`);
  process.exitCode = errorExitCodes[error.kind].code;
}
