// Slack, through an incoming webhook. Its address is the secret. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
import { OpsError } from '../base/errors.ts';
import { type Channel, DeliveryFailure, type Message } from './channel.ts';
import { looksLikeHtml, post, type PostReply, shownReason, stranger } from './post.ts';
import { settingMark } from './setting-mark.ts';
import { oneLine, plainLines } from './shorten.ts';

/** Longer text is cut by Slack where it likes. */
const textLengthMax = 3000;
const titleLengthMax = 250;
/** What Slack says where the message is at fault; whatever else it refuses is the webhook's. */
const messageFaults = [
  'invalid_payload',
  'invalid_blocks',
  'no_text',
  'missing_text_or_fallback_or_attachments',
  'msg_too_long',
  'too_many_attachments',
];
const settingHint =
  'make a new webhook in the app of Slack, and put its address into the credential slack-webhook-url, the file of ' +
  'alerts.slack.webhook_url_file, or SLACK_WEBHOOK_URL; then: alert-send test';

export function createSlack(options: { readWebhookUrl(): string | undefined }): Channel {
  return {
    name: 'slack',
    counts: true,
    setting: () => settingMark(() => [options.readWebhookUrl()]),
    async send(message, signal) {
      const url = requireWebhook(options.readWebhookUrl());
      const reply = await post({
        service: 'Slack',
        url,
        headers: { 'Content-Type': 'application/json; charset=utf-8' },
        body: JSON.stringify({ text: textOf(message) }),
        signal,
      });
      requireTaken(reply, [
        url.href,
        url.pathname,
        ...url.pathname.split('/').filter((part) => part.length > 6),
      ]);
    },
  };
}

function textOf({ title, body, link, priority }: Message): string {
  const sign = priority >= 5 ? ':rotating_light: ' : priority >= 4 ? ':warning: ' : '';
  const more = link === undefined ? '' : `\n<${link.replace(/[<>|]/g, encodeURIComponent)}|Look>`;
  const head = `${sign}*${escaped(oneLine(title), titleLengthMax)}*`;
  return `${head}\n${escaped(plainLines(body).trim(), textLengthMax - head.length - more.length - 1)}${more}`;
}

/** `& < >` begin commands of Slack's. The cut is made before, so that none is cut in half. */
function escaped(text: string, lengthMax: number): string {
  const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  let result = '';
  for (const character of text) {
    const sign = signs[character] ?? character;
    if (result.length + sign.length >= lengthMax) return `${result}…`;
    result += sign;
  }
  return result;
}

function requireWebhook(text: string | undefined): URL {
  const hint =
    'put it into the credential slack-webhook-url, a file named by alerts.slack.webhook_url_file, or SLACK_WEBHOOK_URL';
  if (text === undefined) throw new OpsError('config', 'cannot send to Slack: there is no webhook', { hint });
  const url = URL.parse(text);
  const isLoopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)) return url;
  throw new OpsError(
    'config',
    'cannot use the webhook of Slack: it must be an address such as https://hooks.slack.com/services/…',
    { hint },
  );
}

/** Slack says `ok`, or one word for why not. */
function requireTaken({ status, text, retryAfterMs }: PostReply, secrets: readonly string[]): void {
  const word = text.trim();
  if (status === 200 && word === 'ok') return;
  if (looksLikeHtml(text) || status === 200)
    throw stranger('Slack', `HTTP ${status}, ${looksLikeHtml(text) ? 'a web page' : 'no word of its own'}`);
  const what = `HTTP ${status}${word === '' ? '' : ` (${shownReason(word, secrets)})`}`;
  if (status === 429)
    throw new DeliveryFailure(`Slack asks to wait: ${what}`, { permanent: false, retryAfterMs });
  const permanent = status >= 400 && status < 500 && status !== 408;
  const isOfSetting = permanent && status !== 413 && !messageFaults.includes(word);
  throw new DeliveryFailure(permanent ? `Slack refuses: ${what}` : `Slack fails: ${what}`, {
    permanent,
    settingHint: isOfSetting ? settingHint : undefined,
    retryAfterMs,
  });
}
