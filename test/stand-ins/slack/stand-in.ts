// Slack's incoming webhooks, as strict as the real ones, in their words.
import { type WebReply, type WebRequest, WebStandIn } from '../web-stand-in.ts';

const textLengthMax = 40_000;

export class SlackStandIn extends WebStandIn {
  /** The texts of the channel, as Slack was sent them. */
  readonly messages: string[] = [];
  readonly path = '/services/T0HOLDFAST/B0HOLDFAST/notForOtherEyes4711';

  static start(): Promise<SlackStandIn> {
    return new SlackStandIn().start();
  }

  get webhook(): string {
    return `${this.url}${this.path}`;
  }

  protected answer({ method, url, headers, body }: WebRequest): WebReply {
    if (!url.pathname.startsWith('/services/T0HOLDFAST/')) return { status: 404, body: 'no_team' };
    if (url.pathname !== this.path) return { status: 404, body: 'no_service' };
    if (method !== 'POST' || !(headers['content-type'] ?? '').startsWith('application/json'))
      return { status: 400, body: 'invalid_payload' };
    const text = textOf(body);
    if (text === undefined) return { status: 400, body: 'invalid_payload' };
    if (text === '') return { status: 400, body: 'no_text' };
    if (text.length > textLengthMax) return { status: 400, body: 'msg_too_long' };
    // Slack would show these as commands of its own, or not at all.
    const plain = text.replace(/<https?:\/\/[^<>|]+\|[^<>|]+>/g, '').replace(/&(amp|lt|gt);/g, '');
    if (/[<>&]/.test(plain)) this.violations.push('a sign that is not escaped');
    if (!text.isWellFormed()) this.violations.push('half a character');
    this.messages.push(text);
    return { status: 200, body: 'ok' };
  }
}

function textOf(body: string): string | undefined {
  try {
    const { text = '' } = JSON.parse(body) as { text?: unknown };
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined; // refused above, as Slack does
  }
}
