// Whose scratch directory it is: told by its name, and in full by a small file inside.
import { Fields, ifWhole } from '../record/fields.ts';
import { parseJsonObject } from '../record/json-object.ts';
import { parseProcess, type ProcessIdentity, processFields } from '../record/process-identity.ts';

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
  return `${JSON.stringify({ ...processFields(owner), since: since.toISOString() })}\n`;
}

/** The owner of the scratch directory `name`; undefined when the file is not whole or contradicts the name. */
export function parseScratchOwner(name: string, text: string): ProcessIdentity | undefined {
  // Cut short, where the run was killed while it wrote this.
  const owner = ifWhole((flaw) => parseProcess(new Fields(parseJsonObject(text), '', flaw)));
  if (owner === undefined) return undefined;
  const [, boot, pidText, ticksText] = scratchNamePattern.exec(name) ?? [];
  const agrees =
    boot === bootDigits(owner) && pidText === `${owner.pid}` && ticksText === `${owner.startTicks}`;
  return agrees ? owner : undefined;
}

function bootDigits({ bootId }: ProcessIdentity): string {
  return /^[0-9a-f]{8}/.exec(bootId)?.[0] ?? '00000000';
}
