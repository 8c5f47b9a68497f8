// One request from its arrival to the end of its answer: checks, body, faults, route, answer.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize } from './authorization.ts';
import type { Conduct } from './conduct.ts';
import { afterApplying, insteadOfApplying } from './distort.ts';
import { Effects, type Moment } from './faults.ts';
import { Dropped, Incoming } from './incoming.ts';
import { meet } from './moments.ts';
import { answerOAuth } from './oauth.ts';
import { parseArgument, rawArgument, type RawCall } from './parse-call.ts';
import { plainText, Refusal, type Reply } from './replies.ts';
import type { ReceivedBody } from './request-body.ts';
import { routeNamed, type Route } from './routes.ts';
import { sendReply } from './send-reply.ts';
import type { Service } from './service.ts';
import type { AccessToken } from './tokens.ts';

const noBody: ReceivedBody = { length: 0, contentHash: '', tooLarge: false, cut: false };

/** What a call has to be before its route sees it. */
interface Checked {
  token: AccessToken | undefined;
  argument: unknown;
}

export class Exchange {
  private readonly service: Service;
  private readonly conduct: Conduct;
  private readonly incoming: Incoming;
  private readonly response: ServerResponse;
  private readonly route: Route | undefined;
  private effects = new Effects([]);
  private committing = false;

  constructor(service: Service, conduct: Conduct, [message, response]: [IncomingMessage, ServerResponse]) {
    this.service = service;
    this.conduct = conduct;
    this.response = response;
    this.incoming = new Incoming(service, message, response);
    const { pathname } = this.incoming.url;
    this.route = pathname.startsWith('/2/') ? routeNamed(this.incoming.request.route) : undefined;
  }

  async serve(): Promise<void> {
    const { request, bearer } = this.incoming;
    try {
      await this.service.link.travel();
      const reply = await this.answer();
      await this.service.link.travel();
      if (reply.status >= 400) request.error = reply.summary ?? reply.body.toString();
      this.conduct.told(request, bearer, reply);
      // From here on the client may know, and send its next change.
      this.endCommit();
      const withReason = this.route !== undefined && this.route.style !== 'rpc';
      const { service, effects, response } = this;
      await sendReply({ service, effects, response, request, withReason }, reply);
    } catch (error) {
      if (!(error instanceof Dropped)) throw error;
      this.incoming.destroy();
    } finally {
      this.endCommit();
      this.service.log.end(request, this.service.clock.now());
    }
  }

  private async answer(): Promise<Reply> {
    const { message, url, request, bearer } = this.incoming;
    const oauth = request.route.startsWith('oauth2/');
    const small = oauth || (this.route !== undefined && this.route.style !== 'upload');
    const body = small ? await this.incoming.readSmall() : Buffer.alloc(0);
    const raw = { headers: message.headers, url, body };
    if (this.route !== undefined) request.argument = rawArgument(this.route, raw);
    this.conduct.arrives(request, bearer);
    this.effects = this.service.faults.effectsOn(request);
    await this.meet('arrival');
    if (this.route !== undefined) return this.answerRoute(this.route, raw);
    if (oauth) return this.apply(() => answerOAuth(this.service, this.incoming, body));
    await this.incoming.discard(this.effects);
    return plainText(this.service.switches.unknownRouteStatus, `Unknown API function: "${request.route}"`);
  }

  private async answerRoute(route: Route, raw: RawCall): Promise<Reply> {
    const checked = this.check(route, raw);
    const body = route.style === 'upload' ? await this.receive(checked) : noBody;
    try {
      if (route.commits) this.beginCommit();
      const reply = await this.apply(() => {
        if (checked instanceof Refusal) throw checked;
        return this.handle(route, checked, body);
      });
      // What was kept of a body that was cut is kept now; nobody is there to hear about it.
      if (body.cut) throw new Dropped();
      return reply;
    } finally {
      this.service.blobs.discardLoose(body.part);
    }
  }

  /** Applies a call, between the moments at which it may be lost or answered by a fault instead. */
  private async apply(action: () => Reply | Promise<Reply>): Promise<Reply> {
    await this.meet('after-body');
    const instead = insteadOfApplying(this.effects, this.incoming.request.route);
    if (instead !== undefined) return instead;
    const reply = await answerOf(action);
    await this.meet('after-apply');
    return afterApplying(this.effects, reply);
  }

  private handle(route: Route, { token, argument }: Checked, body: ReceivedBody): Reply | Promise<Reply> {
    const { service, effects, incoming } = this;
    const { request, gone, message } = incoming;
    const call = { service, effects, request, gone, headers: message.headers, route: route.name };
    return route.handler({ ...call, token, argument, body });
  }

  /** What is wrong with a call is found at its start, and said at its end. */
  private check(route: Route, raw: RawCall): Checked | Refusal {
    try {
      const { method } = this.incoming.message;
      if (method !== 'POST' && !(method === 'GET' && route.style === 'download')) {
        throw new Refusal(plainText(405, `Method ${method} is not allowed`, { Allow: 'POST' }));
      }
      return { token: authorize(this.service, route, raw), argument: parseArgument(route, raw) };
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  private async receive(checked: Checked | Refusal): Promise<ReceivedBody> {
    if (checked instanceof Refusal) {
      await this.incoming.discard(this.effects);
      return noBody;
    }
    const body = await this.incoming.receive(this.effects);
    const isAppend = /\/append(_v2)?$/.test(this.incoming.request.route);
    const kept = body.length > 0 && isAppend && this.service.switches.partialAppend === 'keep';
    if (!body.cut || kept) return body;
    this.service.blobs.discardLoose(body.part);
    throw new Dropped();
  }

  private async meet(moment: Moment): Promise<void> {
    const streamed = this.route?.style === 'upload';
    await meet(moment, this.incoming, { effects: this.effects, faults: this.service.faults, streamed });
  }

  private beginCommit(): void {
    this.committing = true;
    const racing = this.conduct.beginCommit(this.incoming.request);
    const { contention } = this.service.switches;
    if (!racing || contention === 'none') return;
    this.effects = new Effects(
      [...this.effects.actions, { kind: 'tooManyWrites', as: contention }],
      this.effects.era,
    );
  }

  private endCommit(): void {
    if (this.committing) this.conduct.endCommit();
    this.committing = false;
  }
}

async function answerOf(action: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}
