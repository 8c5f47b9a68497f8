// A dead-man's switch in the way of healthchecks.io: it is told of runs, and alarms when it hears nothing.
// https://healthchecks.io/docs/http_api/
import { OpsError } from '../base/errors.ts';
import type { Ping } from '../incident/state.ts';
import { DeliveryFailure } from './channel.ts';
import { looksLikeHtml, post, type PostReply, shownReason, stranger } from './post.ts';
import { settingMark } from './setting-mark.ts';
import { oneLine, shorten } from './shorten.ts';

export interface PingOptions {
  readUrl(): string | undefined;
  create: boolean;
}

export interface PingChannel {
  /** As a channel's. */
  setting(): string;
  /** Throws as a channel does. */
  send(ping: Ping, signal: AbortSignal): Promise<void>;
}

const settingHint =
  'is there such a check, and is this its address? put it into the credential ping-url, the file of alerts.ping.url_file, or ' +
  'HEALTHCHECKS_PING_URL; alerts.ping.create = true lets the service make what it does not know';

const bodyBytesMax = 10_000;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function createPing({ readUrl, create }: PingOptions): PingChannel {
  const send = async (ping: Ping, signal: AbortSignal) => {
    const base = requireUrl(readUrl());
    const reply = await post({
      service: "the dead-man's switch",
      url: addressOf(base, ping, create),
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: shorten(oneLine(ping.message), bodyBytesMax),
      signal,
    });
    requireTaken(reply, [
      base.href,
      base.pathname,
      ...base.pathname.split('/').filter((part) => part.length > 6),
    ]);
  };
  return { setting: () => settingMark(() => [readUrl(), String(create)]), send };
}

/** `/<ping key>/<check>`, or the address of one check by its UUID; then how it went. */
function addressOf(base: URL, { check, kind, runId, exitCode }: Ping, create: boolean): URL {
  const url = new URL(base);
  const path = base.pathname.replace(/\/+$/, '');
  const isOneCheck = uuidPattern.test(path.split('/').at(-1) ?? '');
  const slug = check.toLowerCase().replace(/[^a-z0-9_-]+/g, '-');
  url.pathname = `${path}${isOneCheck ? '' : `/${slug}`}${ending(kind, exitCode)}`;
  const rid = runId === undefined ? undefined : asUuid(runId);
  if (rid !== undefined) url.searchParams.set('rid', rid);
  if (create && !isOneCheck) url.searchParams.set('create', '1');
  return url;
}

/** Only a run that really ended well has no ending here: that is the address of success. */
function ending(kind: Ping['kind'], exitCode: number | undefined): string {
  if (kind === 'success') return '';
  if (kind === 'start') return '/start';
  return exitCode !== undefined && exitCode >= 1 && exitCode <= 255 ? `/${exitCode}` : '/fail';
}

function asUuid(runId: string): string | undefined {
  const parts = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(runId);
  return parts?.slice(1).join('-');
}

function requireUrl(text: string | undefined): URL {
  const hint =
    'put it into the credential ping-url, a file named by alerts.ping.url_file, or HEALTHCHECKS_PING_URL';
  if (text === undefined)
    throw new OpsError('config', "cannot reach the dead-man's switch: its address is missing", { hint });
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.pathname.length > 1)
    return url;
  throw new OpsError(
    'config',
    "cannot use the address of the dead-man's switch: it must be one such as https://hc-ping.com/<ping key>",
    { hint },
  );
}

/** It answers OK also where it has done nothing, and then says so in brackets. */
function requireTaken({ status, text, retryAfterMs }: PostReply, secrets: readonly string[]): void {
  const word = text.trim();
  if ((status === 200 && word === 'OK') || (status === 201 && /^created/i.test(word))) return;
  if (looksLikeHtml(text)) throw stranger("the dead-man's switch", `HTTP ${status}, a web page`);
  const what = `the dead-man's switch says HTTP ${status} (${shownReason(word, secrets)})`;
  const isBusy = status === 429 || status === 408 || status >= 500 || /rate limited/.test(word);
  const isOfMessage = isBusy || status === 413;
  throw new DeliveryFailure(what, {
    permanent: !isBusy,
    settingHint: isOfMessage ? undefined : settingHint,
    retryAfterMs,
  });
}
