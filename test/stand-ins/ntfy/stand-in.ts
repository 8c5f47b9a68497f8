// An ntfy server that publishes JSON at its root, as strict as 2.13 and later: limits, codes and words are the server's.
import { type WebReply, type WebRequest, WebStandIn } from '../web-stand-in.ts';

export interface NtfyMessage {
  topic: string;
  title: string;
  message: string;
  priority: number;
  tags: string[];
  click: string | undefined;
  actions: { action: string; label: string; url: string }[];
  sequenceId: string | undefined;
}

export interface NtfyOptions {
  /** The topic is reserved: only this token may write. */
  token?: string;
  topic?: string;
}

const bodyBytesMax = 2 * 4096;
const messageBytesMax = 4096;
const known = [
  ...[
    'topic',
    'message',
    'title',
    'tags',
    'priority',
    'actions',
    'click',
    'attach',
    'markdown',
    'icon',
    'filename',
  ],
  ...['delay', 'email', 'call', 'cache', 'firebase', 'sequence_id'],
];

export class NtfyStandIn extends WebStandIn {
  readonly messages: NtfyMessage[] = [];
  readonly topic: string;
  readonly #token: string | undefined;

  constructor({ token, topic = 'holdfast-topic-7c1e' }: NtfyOptions = {}) {
    super();
    this.#token = token;
    this.topic = topic;
  }

  static start(options: NtfyOptions = {}): Promise<NtfyStandIn> {
    return new NtfyStandIn(options).start();
  }

  /** What a phone shows: of messages with one sequence id the newest. */
  get cards(): NtfyMessage[] {
    return this.messages.filter(
      ({ sequenceId }, index) =>
        sequenceId === undefined ||
        !this.messages.slice(index + 1).some((later) => later.sequenceId === sequenceId),
    );
  }

  protected answer({ method, url, headers, body }: WebRequest): WebReply {
    if (url.pathname !== '/' || !['POST', 'PUT'].includes(method))
      return failure(404, 40401, 'page not found');
    if (Buffer.byteLength(body) > bodyBytesMax) return failure(413, 41303, 'JSON body too large');
    const fields = parse(body);
    if (fields === undefined)
      return failure(400, 40024, 'invalid request: request body must be message JSON');
    const {
      topic,
      message = '',
      title = '',
      tags = [],
      priority = 3,
      actions = [],
      click,
      sequence_id,
    } = fields;
    this.#blame(
      Object.keys(fields)
        .filter((key) => !known.includes(key))
        .map((key) => `unknown field ${key}`),
    );
    if (typeof topic !== 'string' || !/^[-_A-Za-z0-9]{1,64}$/.test(topic))
      return failure(400, 40009, 'invalid request: topic invalid');
    const denied = this.#access(headers.authorization, topic);
    if (denied !== undefined) return denied;
    if (!Number.isInteger(priority) || (priority as number) < 1 || (priority as number) > 5)
      return failure(400, 40007, 'invalid request: priority invalid');
    if (typeof message !== 'string' || typeof title !== 'string' || !isTexts(tags))
      return failure(400, 40024, 'invalid request: request body must be message JSON');
    if (Buffer.byteLength(message) > messageBytesMax)
      return failure(400, 40014, 'invalid request: attachments not allowed');
    if (!areActions(actions)) return failure(400, 40018, 'invalid request: actions invalid');
    if (
      sequence_id !== undefined &&
      !(typeof sequence_id === 'string' && /^[-_A-Za-z0-9]{1,64}$/.test(sequence_id))
    )
      return failure(400, 40049, 'invalid request: sequence ID invalid');
    this.#blame(/[\n\r]/.test(title) ? ['a title of several lines'] : []);
    this.#blame([message, title].every((text) => text.isWellFormed()) ? [] : ['half a character']);
    const text = message === '' ? 'triggered' : message;
    this.messages.push({
      topic,
      title,
      message: text,
      priority: priority as number,
      tags,
      click: click as string | undefined,
      actions,
      sequenceId: sequence_id,
    });
    const id = `m${String(this.messages.length).padStart(11, '0')}`;
    return json(200, {
      id,
      time: 1_795_140_313,
      expires: 1_795_183_513,
      event: 'message',
      topic,
      title,
      message: text,
      sequence_id,
    });
  }

  #access(authorization: string | undefined, topic: string): WebReply | undefined {
    if (this.#token === undefined) return undefined;
    if (authorization !== undefined && authorization !== `Bearer ${this.#token}`)
      return failure(401, 40101, 'unauthorized');
    const isAllowed = authorization !== undefined && topic === this.topic;
    return isAllowed ? undefined : failure(403, 40301, 'forbidden');
  }

  #blame(what: readonly string[]): void {
    this.violations.push(...what);
  }
}

/** An error as the server words it. */
export function failure(
  http: number,
  code: number,
  error: string,
  headers: Record<string, string> = {},
): WebReply {
  return json(http, { code, http, error, link: 'https://ntfy.sh/docs/publish/' }, headers);
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): WebReply {
  return {
    status,
    body: `${JSON.stringify(value)}\n`,
    headers: { 'Content-Type': 'application/json', ...headers },
  };
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // refused below, as the server does
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function areActions(value: unknown): value is NtfyMessage['actions'] {
  return (
    Array.isArray(value) &&
    value.length <= 3 &&
    value.every((item: Record<string, unknown>) => {
      const isView = item.action === 'view' && typeof item.url === 'string' && URL.canParse(item.url);
      return isView && typeof item.label === 'string' && item.label !== '';
    })
  );
}
