// Faults that give an answer other contents: wrong metadata, a missing header, a captive portal.
import type { Effects, ScriptedReply } from './faults.ts';
import {
  asciiJson,
  endpointError,
  json,
  plainText,
  tooManyRequests,
  under,
  type RateLimit,
  type Reply,
  type Tagged,
} from './replies.ts';

/** The answer of a fault that comes instead of applying the request. */
export function insteadOfApplying(effects: Effects, route: string): Reply | undefined {
  const limit = effects.one('tooManyRequests');
  if (limit !== undefined && limit.afterApply !== true) return tooManyRequests(limit);
  const portal = effects.one('html200');
  if (portal !== undefined && portal.afterApply !== true) return captivePortal();
  const contention = effects.one('tooManyWrites');
  if (contention?.as === '429') return writeContention(contention.retryAfterSeconds);
  if (contention?.as === '409') return endpointError(contentionError(route)).reply;
  const scripted = effects.one('reply');
  return scripted === undefined ? undefined : scriptedReply(scripted);
}

/** The answer of a fault that comes although the request was applied; else the true one, perhaps distorted. */
export function afterApplying(effects: Effects, reply: Reply): Reply {
  const limit = effects.one('tooManyRequests');
  if (limit?.afterApply === true) return tooManyRequests(limit);
  if (effects.one('html200')?.afterApply === true) return captivePortal();
  const scripted = effects.one('replyAfterApply');
  if (scripted !== undefined) return scriptedReply(scripted);
  return withoutHeader(effects, withWrongMetadata(effects, reply));
}

function writeContention(retryAfterSeconds?: number): Reply {
  const limit: RateLimit = { reason: 'too_many_write_operations' };
  return tooManyRequests(retryAfterSeconds === undefined ? limit : { ...limit, retryAfterSeconds });
}

function scriptedReply({ status, body = '', headers = {} }: ScriptedReply): Reply {
  const reply = typeof body === 'string' ? plainText(status, body) : json(body, status);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function captivePortal(): Reply {
  const page = '<!doctype html><title>Welcome to Hotel Wi-Fi</title><p>Please accept our terms.</p>';
  return { status: 200, headers: { 'Content-Type': 'text/html' }, body: Buffer.from(page) };
}

function withWrongMetadata(effects: Effects, reply: Reply): Reply {
  const [wrong, altered] = [effects.one('wrongMetadata'), effects.one('alter')];
  if (reply.status >= 300) return reply;
  if (altered !== undefined) return rewritten(reply, altered.alter as (answer: unknown) => unknown);
  return wrong === undefined ? reply : rewritten(reply, (answer) => falsify(answer, wrong.change));
}

/** The JSON of an answer, or of the header that says what was downloaded, as something else. */
function rewritten(reply: Reply, change: (answer: unknown) => unknown): Reply {
  const header = reply.headers['Dropbox-API-Result'];
  if (header === undefined)
    return { ...reply, body: Buffer.from(JSON.stringify(change(JSON.parse(reply.body.toString())))) };
  const result = asciiJson(change(JSON.parse(header)));
  return { ...reply, headers: { ...reply.headers, 'Dropbox-API-Result': result } };
}

function withoutHeader(effects: Effects, reply: Reply): Reply {
  if (!effects.has('missingResultHeader')) return reply;
  const headers = { ...reply.headers };
  delete headers['Dropbox-API-Result'];
  return { ...reply, headers };
}

const wrongs: Record<string, (value: never) => unknown> = {
  content_hash: (hash: string) => (hash.startsWith('0') ? '1' : '0') + hash.slice(1),
  size: (size: number) => size + 1,
  rev: (rev: string) => rev.slice(0, -1) + (rev.endsWith('0') ? '1' : '0'),
  path_lower: (path: string) => `${path} (2)`,
  path_display: (path: string) => `${path} (2)`,
  name: (name: string) => `${name} (2)`,
};

/** Changes the fields in metadata at any depth. */
function falsify(value: unknown, change: string): unknown {
  if (Array.isArray(value)) return value.map((item) => falsify(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const names = change === 'path' ? ['path_lower', 'path_display', 'name'] : [change];
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      names.includes(name) ? wrongs[name]?.(member as never) : falsify(member, change),
    ]),
  );
}

/** Where each endpoint's error union has too_many_write_operations. */
function contentionError(route: string): Tagged {
  const contention: Tagged = { '.tag': 'too_many_write_operations' };
  if (route === 'files/upload')
    return { '.tag': 'path', reason: contention, upload_session_id: 'AAAAAAAAAAE' };
  if (route === 'files/create_folder_v2') return under('path', contention);
  if (route === 'files/restore') return under('path_write', contention);
  return /copy_v2|move_v2/.test(route) ? under('to', contention) : contention;
}
