// Whose scratch directory it is: told by its name, and in full by a small file inside.
import type { ProcessIdentity } from './process-identity.ts';

/** The file inside a scratch directory that names its owner. */
export const ownerFileName = 'owner.json';

const scratchNamePattern = /^\.holdfast-([0-9a-f]{8})-([1-9][0-9]*)-([0-9]+)-[0-9a-f]{16}$/;

/** `.holdfast-<boot id, 8 digits>-<pid>-<start ticks>-<random>`; `random` is 16 hex digits. */
export function scratchName(owner: ProcessIdentity, random: string): string {
  return `.holdfast-${bootDigits(owner)}-${owner.pid}-${owner.startTicks}-${random}`;
}

/** Whether a name is exactly that of scratch; nothing else is ever swept. */
export function isScratchName(name: string): boolean {
  return scratchNamePattern.test(name);
}

/** The owner file's content. */
export function formatScratchOwner(owner: ProcessIdentity, since: Date): string {
  const fields = {
    host: owner.host,
    machine: owner.machine,
    boot_id: owner.bootId,
    pid_namespace: owner.pidNamespace,
    pid: owner.pid,
    start_ticks: owner.startTicks,
    since: since.toISOString(),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** The owner of the scratch directory `name`; undefined when the file is not whole or contradicts the name. */
export function parseScratchOwner(name: string, text: string): ProcessIdentity | undefined {
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  const {
    host,
    machine,
    boot_id: bootId,
    pid_namespace: pidNamespace,
    pid,
    start_ticks: startTicks,
  } = fields;
  if (typeof host !== 'string' || typeof machine !== 'string') return undefined;
  if (typeof bootId !== 'string' || typeof pidNamespace !== 'string') return undefined;
  if (typeof pid !== 'number' || typeof startTicks !== 'number') return undefined;
  const owner = { host, machine, bootId, pidNamespace, pid, startTicks };
  const [, boot, pidText, ticksText] = scratchNamePattern.exec(name) ?? [];
  const agrees = boot === bootDigits(owner) && pidText === `${pid}` && ticksText === `${startTicks}`;
  return agrees ? owner : undefined;
}

function bootDigits({ bootId }: ProcessIdentity): string {
  return /^[0-9a-f]{8}/.exec(bootId)?.[0] ?? '00000000';
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // cut short: the run was killed while it wrote this
  }
}
