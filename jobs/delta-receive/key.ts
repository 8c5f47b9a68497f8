// delta-receive key: who may send. A key is shown once, when it is made; what is kept of it is its SHA-256.
import { OpsError } from '../../lib/base/errors.ts';
import { formatTable } from '../../lib/base/table.ts';
import { didYouMean, nearest } from '../../lib/base/nearest.ts';
import { type KnownKey, makeKey, readKeys, writeKeys } from '../../lib/http/keys.ts';
import { hashOfKey } from '../../lib/http/proof.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { keyActions, type key } from './parameters.ts';
import { findingLines } from '../steps/words.ts';
import { receivePlaces } from './steps/places.ts';

interface KeyEntry {
  name: string;
  state: 'taken' | 'revoked';
  addedAt: string;
  revokedAt: string | null;
  /** Whether a replica names it. */
  feeds: string | null;
}

interface KeyResult {
  action: 'added' | 'listed' | 'revoked';
  name: string | null;
  /** The only time that it is shown. */
  key: string | null;
  keys: KeyEntry[];
}

export async function run(
  context: JobContext,
  { action, name }: Options<typeof key>,
): Promise<Outcome<KeyResult>> {
  if (action === 'list') return { result: listed(context, readKeys(placeOf(context))), findings: [] };
  if (action !== 'add' && action !== 'revoke') throw unknownAction(action);
  const source = requireName(action, name);
  // Two at once would each take back what the other has done.
  await using lock = await context.lock({ scope: 'receive-keys' }, `delta-receive key ${action}`);
  lock.signal.throwIfAborted();
  return action === 'add' ? await add(context, source) : await revoke(context, source);
}

async function add(context: JobContext, name: string): Promise<Outcome<KeyResult>> {
  const path = placeOf(context);
  const known = readKeys(path);
  if (known.some((one) => one.name === name && one.revokedAt === undefined))
    throw new OpsError('refused', `cannot give ${name} a key: it has one`, {
      hint: `delta-receive key revoke ${name} ends that one first`,
    });
  const key = makeKey();
  const added = {
    name,
    sha256: hashOfKey(key),
    addedAt: context.clock.now().toISOString(),
    revokedAt: undefined,
  };
  const keys = [...known, added];
  await writeKeys(path, keys);
  const result = { ...listed(context, keys), action: 'added' as const, name, key };
  const feeds = result.keys.find((one) => one.name === name)?.feeds ?? null;
  if (feeds !== null) return { result, findings: [] };
  const message = 'has a key, and feeds no replica: what it sends is refused';
  const hint = `name it in sources of [replicas.<name>] in ${context.config.source}`;
  return { result, findings: [{ subject: name, severity: 'warning', message, hint }] };
}

async function revoke(context: JobContext, name: string): Promise<Outcome<KeyResult>> {
  const path = placeOf(context);
  const known = readKeys(path);
  const taken = known.filter(({ revokedAt }) => revokedAt === undefined).map((one) => one.name);
  if (!taken.includes(name)) {
    const near = nearest(name, taken);
    throw new OpsError('missing', `cannot revoke the key of ${name}: it has none${didYouMean(name, taken)}`, {
      hint: near === undefined ? 'delta-receive key list' : `delta-receive key revoke ${near}`,
    });
  }
  const revokedAt = context.clock.now().toISOString();
  const keys = known.map((one) =>
    one.name === name && one.revokedAt === undefined ? { ...one, revokedAt } : one,
  );
  await writeKeys(path, keys);
  return { result: { ...listed(context, keys), action: 'revoked', name }, findings: [] };
}

export function text({ action, name, key, keys }: KeyResult, view: View): string[] {
  if (action === 'revoked') return [`the key of ${name} is not taken any more`];
  if (key !== null)
    return [
      `the key of ${name}, which is shown this once:`,
      '',
      `  ${key}`,
      '',
      'put it into a file of mode 600 at the source, and name that as key_file in [apps.<name>.delta]',
      ...view.findings.flatMap(findingLines),
    ];
  if (keys.length === 0) return ['no source has a key: delta-receive key add <name> makes one'];
  const rows = keys.map((one) => [
    one.name,
    one.state,
    one.addedAt.slice(0, 10),
    one.feeds ?? '(no replica names it)',
  ]);
  return formatTable([['source', 'key', 'since', 'feeds'], ...rows], view);
}

function listed({ config }: JobContext, keys: readonly KnownKey[]): KeyResult {
  return {
    action: 'listed',
    name: null,
    key: null,
    keys: keys.map(({ name, addedAt, revokedAt }) => ({
      name,
      state: revokedAt === undefined ? 'taken' : 'revoked',
      addedAt,
      revokedAt: revokedAt ?? null,
      feeds: config.replicas.find(({ policy }) => policy.sources.includes(name))?.name ?? null,
    })),
  };
}

function placeOf({ config }: JobContext): string {
  return receivePlaces(config.stateDirectory).keys;
}

function requireName(action: string, name: string | undefined): string {
  if (name !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return name;
  throw new OpsError(
    'usage',
    name === undefined
      ? 'cannot tell which source is meant: its name is missing'
      : `cannot give a key to ${JSON.stringify(name)}: a source has letters, digits, ".", "_" and "-" alone, 63 at most`,
    { hint: `for example: delta-receive key ${action} laptop-1` },
  );
}

function unknownAction(action: string): OpsError {
  const message = `cannot understand the command line: key ${action} is nothing that can be done`;
  const near = nearest(action, [...keyActions]) ?? 'list';
  return new OpsError('usage', message, { hint: `did you mean delta-receive key ${near}?` });
}
