// Whose Dropbox it is, how full it is, and what we are allowed to do there.
import type { Clock } from '../../base/clock.ts';
import { OpsError } from '../../base/errors.ts';
import { formatBytes, formatDuration } from '../../base/format.ts';
import type { StoreTrial, StoreSpace } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { downloadUrl, headerJson } from './endpoint.ts';
import { DropboxFailure, failureOfReply, parseBody } from './failure.ts';
import { explainFailure } from './explain.ts';
import { readReply, tagOf } from './replies.ts';
import type { SdkCalls } from './sdk.ts';

/** Free and total bytes; of a team, the share that is left to this account. Undefined of an unknown kind of account. */
export async function readSpace({ client }: DropboxAccess): Promise<StoreSpace> {
  return client.call((calls) => calls.usersGetSpaceUsage(), spaceIn);
}

function spaceIn(reply: unknown): StoreSpace {
  return readReply(reply, (fields) => {
    const allocation = fields.object('allocation');
    const tag = tagOf(fields.optional('allocation'));
    if (tag === 'individual') return spaceOf(fields.count('used'), allocation.count('allocated'));
    if (tag === 'team') return spaceOf(allocation.count('used'), allocation.count('allocated'));
    fields.count('used');
    return { freeBytes: undefined, totalBytes: undefined };
  });
}

function spaceOf(usedBytes: number, totalBytes: number): StoreSpace {
  return { freeBytes: Math.max(0, totalBytes - usedBytes), totalBytes };
}

/** A clock that is off by more makes names and retention wrong, and other services refuse. */
const clockToleranceMs = 60_000;

/** Everything that can be wrong between here and Dropbox, each looked at by itself, up to where nobody answers. */
export async function examine(access: DropboxAccess): Promise<StoreTrial[]> {
  const probes: [string, () => Promise<string>][] = [
    ['account', () => account(access)],
    ['permissions', () => permissions(access)],
    ['folder', () => folder(access)],
    ['space', () => space(access)],
    ['clock difference', () => clockDifference(access)],
  ];
  const checks: StoreTrial[] = [];
  for (const [name, probe] of probes) {
    const { silent, ...found } = await check(access, name, probe);
    checks.push(found);
    // Each of them would go through all its tries again, minutes at a time.
    if (silent) break;
  }
  return checks;
}

async function check(
  access: DropboxAccess,
  name: string,
  probe: () => Promise<string>,
): Promise<StoreTrial & { silent: boolean }> {
  try {
    return { name: `Dropbox ${name}`, ok: true, detail: await probe(), hint: undefined, silent: false };
  } catch (thrown) {
    const silent = thrown instanceof DropboxFailure && thrown.inDoubt;
    const error = await explainFailure(`ask Dropbox for the ${name}`, thrown, () => readSpace(access));
    if (!(error instanceof OpsError)) throw error;
    return { name: `Dropbox ${name}`, ok: false, detail: error.message, hint: error.hint, silent };
  }
}

async function account({ client }: DropboxAccess): Promise<string> {
  return client.call(
    (calls) => calls.usersGetCurrentAccount(),
    (reply) =>
      readReply(reply, (fields) => {
        const [name, email] = [fields.object('name').string('display_name'), fields.text('email')];
        return `${name} <${email}>, ${tagOf(fields.optional('account_type'))}`;
      }),
  );
}

/** Each permission by a call that needs it and changes nothing. */
async function permissions(access: DropboxAccess): Promise<string> {
  const nowhere = `${access.folder}/holdfast-permission-probe`;
  const probes: [string, () => Promise<unknown>][] = [
    ['account_info.read', () => readSpace(access)],
    ['files.metadata.read', () => probeCall(access, (calls) => calls.filesGetMetadata({ path: nowhere }))],
    ['files.content.read', () => probeDownload(access, nowhere)],
    ['files.content.write', () => probeCall(access, (calls) => calls.filesDeleteV2({ path: nowhere }))],
  ];
  const missing: string[] = [];
  for (const [scope, probe] of probes) {
    try {
      await probe();
    } catch (error) {
      if (!(error instanceof DropboxFailure)) throw error;
      if (error.kind === 'scope') missing.push(error.requiredScope ?? scope);
      else if (!error.has('not_found')) throw error;
    }
  }
  if (missing.length === 0) return probes.map(([scope]) => scope).join(', ');
  throw new DropboxFailure('scope', 'missing_scope', { requiredScope: missing.join(', ') });
}

/** What is asked for is not there: to be refused, or to be told so, is the answer. */
async function probeCall(
  { client }: DropboxAccess,
  send: (calls: SdkCalls) => Promise<{ result: unknown }>,
): Promise<unknown> {
  return client.call(send, tagOf);
}

async function probeDownload({ client }: DropboxAccess, path: string): Promise<void> {
  await client.persist(async (token) => {
    const response = await client.transport.exchange({
      url: downloadUrl,
      headers: { authorization: `Bearer ${token}`, 'dropbox-api-arg': headerJson({ path }) },
      signal: client.signalFor(undefined),
    });
    if (!response.ok) throw failureOfReply(response, await response.text());
  });
}

/** Only an app with a folder of its own refuses the header that names a root. */
async function folder(access: DropboxAccess): Promise<string> {
  const below = access.folder === '' ? '' : `, in ${access.folder}`;
  const isAppFolder = await access.client.persist(async (token) => {
    const response = await access.client.transport.exchange({
      url: 'https://api.dropboxapi.com/2/files/list_folder',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'dropbox-api-path-root': JSON.stringify({ '.tag': 'home' }),
      },
      body: JSON.stringify({ path: '', limit: 1 }),
      signal: access.client.signalFor(undefined),
    });
    if (response.ok) return false;
    const failure = failureOfReply(response, await response.text());
    if (response.status === 400 && /path root is not supported/i.test(failure.message)) return true;
    throw failure;
  });
  return isAppFolder
    ? `the app's own folder${below}; nothing else can be reached`
    : `the whole Dropbox can be reached${below}; an app with a folder of its own is safer`;
}

async function space(access: DropboxAccess): Promise<string> {
  const { freeBytes, totalBytes } = await readSpace(access);
  if (freeBytes === undefined || totalBytes === undefined) return 'Dropbox does not say';
  return `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free`;
}

async function clockDifference({ client, clock }: DropboxAccess): Promise<string> {
  const theirs = await client.persist(async (token) => {
    const response = await client.transport.exchange({
      url: 'https://api.dropboxapi.com/2/check/user',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '' }),
      signal: client.signalFor(undefined),
    });
    const text = await response.text();
    if (!response.ok) throw failureOfReply(response, text);
    readReply(parseBody(text), (fields) => fields.string('result'));
    return response.headers.get('date');
  });
  return describeDifference(Date.parse(theirs ?? ''), clock);
}

function describeDifference(theirsMs: number, clock: Clock): string {
  if (Number.isNaN(theirsMs)) return 'Dropbox does not say what time it is';
  // Their time is cut to the second.
  const differenceMs = clock.now().getTime() - theirsMs;
  const words = `${formatDuration(Math.abs(differenceMs))} ${differenceMs < 0 ? 'behind' : 'ahead'}`;
  if (Math.abs(differenceMs) <= clockToleranceMs) return words;
  throw new OpsError('unavailable', `this machine's clock is ${words}`, {
    hint: 'set it: timedatectl set-ntp true',
  });
}
