// The pinging API of healthchecks.io: by ping key and slug, or by the UUID of a check.
import { type WebReply, type WebRequest, WebStandIn } from '../web-stand-in.ts';

export interface ReceivedPing {
  check: string;
  /** `success`, `start`, `fail`, `log`, or an exit code. */
  kind: string;
  rid: string | undefined;
  body: string;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const bodyBytesMax = 10_000;

export class HealthchecksStandIn extends WebStandIn {
  readonly pings: ReceivedPing[] = [];
  readonly key = 'pingKeyOfNobodysBusiness';
  /** The one check that is known by its UUID. */
  readonly uuid = '5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278';
  readonly slugs: Set<string>;

  constructor(slugs: readonly string[]) {
    super();
    this.slugs = new Set(slugs);
  }

  static start(slugs: readonly string[] = ['db-backup']): Promise<HealthchecksStandIn> {
    return new HealthchecksStandIn(slugs).start();
  }

  get address(): string {
    return `${this.url}/${this.key}`;
  }

  protected answer({ url, body }: WebRequest): WebReply {
    const parts = url.pathname.split('/').slice(1);
    const isUuid = uuid.test(parts[0] ?? '');
    const [check = '', kind = 'success', ...more] = isUuid ? parts : parts.slice(1);
    const isKnownKey = isUuid || parts[0] === this.key;
    const rid = url.searchParams.get('rid') ?? undefined;
    const isKind = /^(success|start|fail|log|\d{1,3})$/.test(kind) && !(Number(kind) > 255);
    const isSlug = /^[a-z0-9_-]{1,100}$/.test(check);
    if (!isKnownKey || !isKind || !isSlug || more.length > 0) return { status: 404, body: 'not found' };
    if (rid !== undefined && !uuid.test(rid)) return { status: 400, body: 'invalid url format' };
    if (this.pings.filter((ping) => ping.check === check).length >= 100)
      return { status: 429, body: 'rate limited' };
    const isKnown = isUuid ? check === this.uuid : this.slugs.has(check);
    if (!isKnown && url.searchParams.get('create') !== '1') return { status: 404, body: 'not found' };
    this.slugs.add(check);
    this.pings.push({ check, kind, rid, body: Buffer.from(body).subarray(0, bodyBytesMax).toString('utf8') });
    if (Buffer.byteLength(body) > bodyBytesMax) this.violations.push('a body that is cut off');
    return {
      status: isKnown ? 200 : 201,
      body: isKnown ? 'OK' : 'Created',
      headers: { 'Ping-Body-Limit': String(bodyBytesMax) },
    };
  }
}
