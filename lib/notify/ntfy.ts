// ntfy, through its HTTP API: one JSON POST to the server's root. https://docs.ntfy.sh/publish/#publish-as-json
import { OpsError } from '../base/errors.ts';
import { type Channel, DeliveryFailure, type Message } from './channel.ts';
import { looksLikeHtml, post, type PostReply, shownReason, stranger } from './post.ts';
import { settingMark } from './setting-mark.ts';
import { oneLine, plainLines, shorten } from './shorten.ts';

export interface NtfyOptions {
  server: string;
  readTopic(): string | undefined;
  readToken(): string | undefined;
}

/** Of 4096: a longer message becomes an attachment, or is refused where there are none. */
const messageBytesMax = 3800;
const titleBytesMax = 250;
/** Of 8192 for the whole body, where quotes and line breaks count twice. */
const bodyBytesMax = 8000;
/** Refused for the topic itself: not a valid one, or one that the server keeps for itself. */
const topicCodes = [40009, 40010];
/** The quota of a day is used up: nothing changes soon. */
const dailyQuotaCode = 42908;

export function createNtfy(options: NtfyOptions): Channel {
  return {
    name: 'ntfy',
    counts: true,
    setting: () => settingMark(() => [options.server, options.readTopic(), options.readToken()]),
    async send(message, signal) {
      const url = requireServer(options.server);
      const topic = requireTopic(options.readTopic());
      const token = options.readToken();
      const reply = await post({
        service: 'ntfy',
        url,
        headers: {
          'Content-Type': 'application/json',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        body: bodyOf(topic, message),
        signal,
      });
      requireTaken(reply, [topic, token ?? '']);
    },
  };
}

function bodyOf(topic: string, message: Message): string {
  const { title, priority, tags, link, sequence } = message;
  const shownTitle = shorten(oneLine(title), titleBytesMax);
  const lines = plainLines(message.body).trim();
  const text = (bytes: number) =>
    JSON.stringify({
      topic,
      title: shownTitle,
      // An empty one would read "triggered".
      message: shorten(lines === '' ? shownTitle : lines, bytes),
      priority,
      tags,
      sequence_id: sequence,
      ...(link === undefined
        ? {}
        : { click: link, actions: [{ action: 'view', label: 'Look', url: link, clear: false }] }),
    });
  let bytes = messageBytesMax;
  while (Buffer.byteLength(text(bytes)) > bodyBytesMax && bytes > 100) bytes = Math.floor(bytes * 0.9);
  return text(bytes);
}

function requireServer(server: string): URL {
  const url = URL.parse(server);
  const isRoot = url !== null && url.pathname === '/' && url.search === '' && url.hash === '';
  if (isRoot && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url;
  throw new OpsError(
    'config',
    'cannot use the address of the ntfy server: it must be one such as https://ntfy.sh',
    {
      hint: 'set alerts.ntfy.server or NTFY_SERVER to the server alone; the topic is a secret of its own',
    },
  );
}

function requireTopic(topic: string | undefined): string {
  if (topic === undefined) {
    throw new OpsError('config', 'cannot send through ntfy: there is no topic', {
      hint: 'put it into the credential ntfy-topic, a file named by alerts.ntfy.topic_file, or NTFY_TOPIC',
    });
  }
  if (/^[-_A-Za-z0-9]{1,64}$/.test(topic)) return topic;
  throw new OpsError(
    'config',
    'cannot use the topic of ntfy: it is at most 64 letters, digits, "-" and "_"',
    {
      hint: 'give the topic alone, without the server',
    },
  );
}

/** Every answer of ntfy is JSON; anything else is somebody else's. */
function requireTaken({ status, text, retryAfterMs }: PostReply, secrets: readonly string[]): void {
  const reply = parseObject(text);
  if (status === 200 && typeof reply?.id === 'string' && reply.event === 'message') return;
  const code = typeof reply?.code === 'number' ? reply.code : undefined;
  const what = `HTTP ${status}${code === undefined ? '' : ` (${code}: ${shownReason(String(reply?.error), secrets)})`}`;
  if (status === 429) {
    const quotaMs = code === dailyQuotaCode ? 60 * 60_000 : undefined;
    throw new DeliveryFailure(`ntfy asks to wait: ${what}`, {
      permanent: false,
      retryAfterMs: retryAfterMs ?? quotaMs,
    });
  }
  if (status >= 500 || status === 408)
    throw new DeliveryFailure(`ntfy fails: ${what}`, { permanent: false, retryAfterMs });
  const settingHint = hintFor(status, code);
  if (code !== undefined && settingHint !== undefined)
    throw new DeliveryFailure(`ntfy refuses: ${what}`, { permanent: true, settingHint });
  if (status === 413 || (status >= 400 && code !== undefined))
    throw new DeliveryFailure(`ntfy refuses: ${what}`, { permanent: true });
  throw stranger('ntfy', `HTTP ${status}, ${looksLikeHtml(text) ? 'a web page' : 'no word of its own'}`);
}

/** How a setting is mended; undefined where the message is at fault, or nobody. */
function hintFor(status: number, code: number | undefined): string | undefined {
  const test = 'then: alert-send test';
  if (status === 401 || status === 403)
    return `put a token that may write to the topic into the credential ntfy-token, the file of alerts.ntfy.token_file, or NTFY_TOKEN; ${test}`;
  if (topicCodes.includes(code ?? 0))
    return `put another topic into the credential ntfy-topic, the file of alerts.ntfy.topic_file, or NTFY_TOPIC; ${test}`;
  if (status === 404)
    return `is alerts.ntfy.server, or NTFY_SERVER, the address of an ntfy server, and nothing more? ${test}`;
  return undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // judged by its status, and as no word of ntfy's
  }
}
