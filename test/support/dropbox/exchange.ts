// One request from its arrival to the end of its answer, with the faults at their moments.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize } from './authorization.ts';
import type { Conduct } from './conduct.ts';
import { afterApplying, insteadOfApplying } from './distort.ts';
import { Effects, type Moment } from './faults.ts';
import { authorizePage, tokenEndpoint } from './oauth.ts';
import { parseArgument, rawArgument, type RawCall } from './parse-call.ts';
import { endpointError, plainText, Refusal, under, type Reply, type Tagged } from './replies.ts';
import {
  bodyLimit,
  discardBody,
  readSmallBody,
  receiveBody,
  type BodySource,
  type ReceivedBody,
} from './request-body.ts';
import type { RequestLogEntry } from './request-log.ts';
import { routeNamed, type Route } from './routes.ts';
import { sendReply } from './send-reply.ts';
import type { Service } from './service.ts';
import type { AccessToken } from './tokens.ts';

/** The most that an rpc call or a form may be. */
const smallBodyLimit = 8 * 1024 * 1024;
const noBody: ReceivedBody = { length: 0, contentHash: '', tooLarge: false, cut: false };

/** Thrown when the connection is to end without an answer. */
class Dropped extends Error {}

export class Exchange {
  private readonly service: Service;
  private readonly conduct: Conduct;
  private readonly message: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly url: URL;
  private readonly request: RequestLogEntry;
  private readonly gone = new AbortController();
  private effects = new Effects([]);
  private bearer: string | undefined;
  private committing = false;
  private dropped = false;

  constructor(service: Service, conduct: Conduct, [message, response]: [IncomingMessage, ServerResponse]) {
    this.service = service;
    this.conduct = conduct;
    this.message = message;
    this.response = response;
    this.url = new URL(message.url ?? '/', 'http://stand-in');
    const route = this.url.pathname.replace(/^\/(2\/)?/, '');
    this.request = service.log.begin(route, message.method ?? '', service.clock.now());
    if (message.headers.range !== undefined) this.request.range = message.headers.range;
    response.on('close', () => this.gone.abort());
    response.on('error', () => undefined); // a client that hangs up in the middle of an answer is no error of ours
  }

  async serve(): Promise<void> {
    try {
      this.bearer = bearerOf(this.message, this.url);
      this.noteAddress();
      await this.service.link.travel();
      const reply = await this.answer();
      await this.service.link.travel();
      if (reply.status === 401 || reply.status === 429) this.request.error = reply.summary ?? '';
      this.conduct.told(this.request, this.bearer, { status: reply.status, retryAfter: retryAfter(reply) });
      if (this.committing) this.endCommit();
      const withReason = this.isContentHost();
      await sendReply({ ...this.parts(), withReason }, reply);
    } catch (error) {
      if (!(error instanceof Dropped)) throw error;
      this.response.destroy();
      this.message.destroy();
    } finally {
      if (this.committing) this.endCommit();
      this.service.log.end(this.request, this.service.clock.now());
    }
  }

  private async answer(): Promise<Reply> {
    if (this.request.route.startsWith('oauth2/')) return this.answerOAuth();
    const route = this.url.pathname.startsWith('/2/') ? routeNamed(this.request.route) : undefined;
    const style = route?.style ?? 'upload';
    const small = style === 'upload' ? Buffer.alloc(0) : await this.readSmall();
    const raw: RawCall = { headers: this.message.headers, url: this.url, body: small };
    if (route !== undefined) this.request.argument = rawArgument(route, raw);
    this.conduct.arrives(this.request, this.bearer);
    this.effects = this.service.faults.effectsOn(this.request);
    await this.meet('arrival');
    if (route === undefined) return this.unknownRoute();
    const checked = this.check(route, raw);
    const body = style === 'upload' ? await this.receive(checked) : noBody;
    if (route.commits) this.beginCommit();
    return this.applied(route, checked, body);
  }

  private async answerOAuth(): Promise<Reply> {
    const { headers } = this.message;
    const body = await this.readSmall();
    this.effects = this.service.faults.effectsOn(this.request);
    await this.meet('arrival');
    await this.meet('after-body');
    const instead = insteadOfApplying(this.effects);
    if (instead !== undefined) return instead;
    const call = {
      service: this.service,
      request: this.request,
      url: this.url,
      contentType: headers['content-type'] ?? '',
      authorization: headers.authorization,
      accept: headers.accept ?? '',
      body,
    };
    const reply =
      this.url.pathname === '/oauth2/token' && this.message.method === 'POST'
        ? tokenEndpoint(call)
        : this.url.pathname === '/oauth2/authorize' && this.message.method === 'GET'
          ? authorizePage(call)
          : plainText(404, 'Not found');
    return this.leave(reply);
  }

  private async applied(route: Route, checked: Checked | Refusal, body: ReceivedBody): Promise<Reply> {
    await this.meet('after-body');
    const instead = this.insteadOfApplying(route);
    if (instead !== undefined) {
      this.service.blobs.discard(body.part);
      return instead;
    }
    const reply = await this.apply(route, checked, body);
    if (body.cut) throw new Dropped();
    return this.leave(reply);
  }

  private insteadOfApplying(route: Route): Reply | undefined {
    const instead = insteadOfApplying(this.effects);
    if (instead !== undefined) return instead;
    if (this.effects.one('tooManyWrites')?.as === '409')
      return endpointError(contentionError(route.name)).reply;
    return undefined;
  }

  private async apply(route: Route, checked: Checked | Refusal, body: ReceivedBody): Promise<Reply> {
    if (checked instanceof Refusal) return checked.reply;
    try {
      return await route.handler({
        ...this.parts(),
        route: route.name,
        argument: checked.argument,
        token: checked.token,
        headers: this.message.headers,
        body,
        gone: this.gone.signal,
      });
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      throw error;
    }
  }

  /** The last moments: the answer exists, and may still be lost or exchanged. */
  private async leave(reply: Reply): Promise<Reply> {
    await this.meet('after-apply');
    if (this.effects.has('dropAfterApply')) throw new Dropped();
    return afterApplying(this.effects, reply);
  }

  private check(route: Route, raw: RawCall): Checked | Refusal {
    try {
      const { method } = this.message;
      if (method !== 'POST' && !(method === 'GET' && route.style === 'download')) {
        throw new Refusal(plainText(405, `Method ${method} is not allowed`, { Allow: 'POST' }));
      }
      const token = authorize(this.service, route, raw);
      return { token, argument: parseArgument(route, raw) };
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  /** The body of an upload; of a call that is refused anyway it is only read, since its sender reads no reply yet. */
  private async receive(checked: Checked | Refusal): Promise<ReceivedBody> {
    if (checked instanceof Refusal) {
      await discardBody(this.bodySource());
      return noBody;
    }
    const body = await receiveBody(this.bodySource(), this.service.blobs);
    if (body.tooLarge && this.message.headers['content-length'] === undefined) {
      this.service.violations.add(
        'unbounded-body',
        this.request,
        `more than ${bodyLimit} bytes, unannounced`,
      );
    }
    if (!body.cut) return body;
    const keeps =
      this.service.switches.partialAppend === 'keep' && /\/append(_v2)?$/.test(this.request.route);
    if (keeps && body.length > 0) return body;
    this.service.blobs.discard(body.part);
    throw new Dropped();
  }

  private async readSmall(): Promise<Buffer> {
    const { bytes, cut } = await readSmallBody(this.bodySource(), smallBodyLimit);
    if (cut) throw new Dropped();
    return bytes;
  }

  private bodySource(): BodySource {
    const runs = this.effects.all('run').filter(({ afterBytes }) => afterBytes !== undefined);
    return {
      request: this.message,
      lane: this.service.link.up,
      cutAfter: this.effects.one('dropBefore')?.bytes ?? Infinity,
      onBytes: async (count) => {
        const before = this.request.bodyBytes;
        this.request.bodyBytes += count;
        this.service.log.bytesReceived += count;
        for (const { run, afterBytes = 0 } of runs) {
          if (before < afterBytes && this.request.bodyBytes >= afterBytes) await run(this.faultContext());
        }
      },
    };
  }

  /** What faults do at a moment. Throws Dropped when the exchange ends there. */
  private async meet(moment: Moment): Promise<void> {
    const { effects } = this;
    const drop = effects.one('dropBefore');
    const bodyless = drop !== undefined && (drop.bytes ?? 0) === 0;
    if (moment === 'arrival' && bodyless) throw new Dropped();
    if (moment === 'after-body' && drop !== undefined && this.request.bodyBytes < (drop.bytes ?? 0)) {
      throw new Dropped(); // the body was shorter than the fault expected
    }
    for (const { run, when = 'arrival', afterBytes } of effects.all('run')) {
      if (afterBytes === undefined && when === moment) await run(this.faultContext());
      if (this.dropped) throw new Dropped();
    }
    for (const { milliseconds, when = 'after-body' } of effects.all('delay')) {
      if (when === moment)
        await this.untilGoneOr(new Promise((resolve) => setTimeout(resolve, milliseconds)));
    }
    for (const { when = 'after-body' } of effects.all('hang')) {
      if (when !== moment) continue;
      await this.untilGoneOr(this.service.faults.hang());
      throw new Dropped();
    }
  }

  private async untilGoneOr(event: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone.signal.addEventListener('abort', () => resolve());
    await Promise.race([event, promise]);
  }

  private faultContext() {
    const { request } = this;
    return { request, argument: request.argument, drop: () => this.drop() };
  }

  private parts() {
    const { service, request, effects, response } = this;
    return { service, request, effects, response };
  }

  private drop(): void {
    this.dropped = true;
    this.message.destroy();
  }

  private async unknownRoute(): Promise<Reply> {
    await discardBody(this.bodySource());
    const text = `Unknown API function: "${this.request.route}"`;
    return plainText(this.service.switches.unknownRouteStatus, text);
  }

  private beginCommit(): void {
    this.committing = true;
    const racing = this.conduct.beginCommit(this.request);
    const { contention } = this.service.switches;
    if (!racing || contention === 'none') return;
    const as = contention === '409' ? ('409' as const) : ('429' as const);
    this.effects = new Effects([...this.effects.actions, { kind: 'tooManyWrites', as }]);
  }

  private endCommit(): void {
    this.committing = false;
    this.conduct.endCommit();
  }

  private isContentHost(): boolean {
    const style = routeNamed(this.request.route)?.style;
    return style === 'upload' || style === 'download';
  }

  private noteAddress(): void {
    const { violations } = this.service;
    const host = (this.message.headers.host ?? '').replace(/:\d+$/, '');
    const known =
      'encrypted' in this.message.socket ? /\.dropboxapi\.com$/ : /^(127\.0\.0\.1|localhost|\[::1\])$/;
    if (!known.test(host)) violations.add('foreign-host', this.request, `Host: ${host}`);
    if (this.url.searchParams.has('authorization')) {
      violations.add('secret-in-url', this.request, 'authorization in the query string');
    }
  }
}

interface Checked {
  token: AccessToken | undefined;
  argument: Record<string, unknown>;
}

function bearerOf(message: IncomingMessage, url: URL): string | undefined {
  const header = message.headers.authorization ?? url.searchParams.get('authorization') ?? '';
  return /^Bearer (\S+)$/i.exec(header)?.[1];
}

/** What the answer itself says about waiting. */
function retryAfter({ headers }: Reply): number {
  return Number(headers['Retry-After'] ?? 0);
}

/** Where each endpoint's error union has too_many_write_operations. */
function contentionError(route: string): Tagged {
  const contention: Tagged = { '.tag': 'too_many_write_operations' };
  if (route === 'files/upload')
    return { '.tag': 'path', reason: contention, upload_session_id: 'AAAAAAAAAAE' };
  if (route === 'files/create_folder_v2') return under('path', contention);
  if (route === 'files/restore') return under('path_write', contention);
  if (/copy_v2|move_v2/.test(route)) return under('to', contention);
  return contention;
}
