// A Dropbox on 127.0.0.1, as strict as the real one: for tests that run real commands against it, and for measuring.
// What it does follows docs of the service; where they are silent, there is a switch.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { assemble } from './assemble.ts';
import { Conduct } from './conduct.ts';
import { control } from './control.ts';
import { DurableState } from './durable.ts';
import { Exchange } from './exchange.ts';
import { FilesBehind, openSession, type OpenSession } from './files-behind.ts';
import { Faults, type Fault } from './faults.ts';
import { Listener } from './listener.ts';
import { RequestLog, type RequestLogEntry } from './request-log.ts';
import type { Service } from './service.ts';
import { defaultSwitches, type Switches } from './switches.ts';
import { allScopes } from './tokens.ts';
import { Violations, type Violation } from './violations.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface StandInOptions {
  /** Everything is kept here, and found again by the next start; default: a temporary one, removed on disposal. */
  directory?: string;
  port?: number;
  quotaBytes?: number;
  /** Scopes of the app; default: the four that a backup needs. */
  scopes?: readonly string[];
  /** Of the whole line in each direction, shared by all connections. */
  bandwidthBytesPerSecond?: number;
  /** Per request: half before it is read, half before it is answered. */
  latencyMs?: number;
}

const defaultQuota = 2e9 * 1000;

export class DropboxStandIn implements AsyncDisposable {
  readonly clock = new VirtualClock();
  /** What no source settles; assign to change. */
  readonly switches: Switches = defaultSwitches();
  private readonly options: StandInOptions;
  private readonly directory: string;
  private readonly log = new RequestLog();
  private readonly found = new Violations();
  private readonly faults = new Faults();
  private readonly listener: Listener;
  private quota: number;
  private state: DurableState | undefined;
  private current: Service | undefined;

  private constructor(options: StandInOptions) {
    this.options = options;
    this.quota = options.quotaBytes ?? defaultQuota;
    this.listener = new Listener(options.port ?? 0);
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'dropbox-stand-in-'));
  }

  static async start(options: StandInOptions = {}): Promise<DropboxStandIn> {
    const standIn = new DropboxStandIn(options);
    await standIn.restart();
    return standIn;
  }

  /** The one origin for the hosts api, content, notify and www; paths are the real ones. */
  get url(): string {
    return `http://127.0.0.1:${this.listener.port}`;
  }

  /** What a client needs to reach this account. */
  get environment(): Record<string, string> {
    const { appKey, appSecret, refreshToken } = this.service.account;
    return {
      HOLDFAST_DROPBOX_URL: this.url,
      DROPBOX_APP_KEY: appKey,
      DROPBOX_APP_SECRET: appSecret,
      DROPBOX_REFRESH_TOKEN: refreshToken,
    };
  }

  newAccessToken(options: { scopes?: readonly string[]; expiresInSeconds?: number } = {}): string {
    const { refreshToken } = this.service.account;
    const scopes = options.scopes ?? this.service.appScopes;
    return this.service.tokens.newAccess({ ...options, scopes, refreshToken }).token;
  }

  /** The account's files behind the API's back. */
  get files(): FilesBehind {
    return new FilesBehind(this.service);
  }

  /** Names of the files that hold bytes: one for each request body that was kept. */
  partsOnDisk(): string[] {
    return readdirSync(join(this.directory, 'parts'));
  }

  /** Upload sessions, committed ones too. */
  get sessions(): OpenSession[] {
    return this.service.sessions.list().map(openSession);
  }

  get requests(): readonly RequestLogEntry[] {
    return this.log.entries;
  }

  /** What the client did wrong though the service let it pass, in order. */
  get violations(): readonly Violation[] {
    return this.found.list;
  }

  get bytesReceived(): number {
    return this.log.bytesReceived;
  }

  get bytesSent(): number {
    return this.log.bytesSent;
  }

  get maximumOpenRequests(): number {
    return this.log.maximumOpen;
  }

  fault(fault: Fault): void {
    this.faults.add(fault);
  }

  /** Forgets all faults, and ends what hangs. */
  clearFaults(): void {
    this.faults.clear();
  }

  /** Faults that have not hit as often as they were to: a test that expects them should look. */
  get waitingFaults(): readonly Fault[] {
    return this.faults.waiting;
  }

  expireTokensNow(): void {
    this.service.tokens.expireAll();
  }

  revokeRefreshToken(): void {
    this.service.tokens.revokeAllRefresh();
  }

  revokeAccessTokens(): void {
    this.service.tokens.revokeAllAccess();
  }

  setQuota(bytes: number): void {
    this.quota = bytes;
  }

  /** Returns when no request is open: what a client that went away left behind is over then. */
  async idle(): Promise<void> {
    await this.log.idle();
  }

  /** Serves HTTP on a connection that somebody else accepted, for example one with TLS. */
  accept(socket: Duplex): void {
    this.listener.accept(socket);
  }

  /** Ends all connections. Nothing that was applied is lost; what was under way is. */
  async stop(): Promise<void> {
    const { state } = this;
    this.state = undefined;
    this.faults.release();
    await this.listener.stop();
    await this.log.idle();
    this.current = undefined;
    state?.close();
  }

  /** Starts again at the same port, with everything that was there. */
  async restart(): Promise<void> {
    await this.stop();
    this.state = new DurableState(this.directory);
    const service = assemble(this.directory, this.state, {
      appScopes: this.options.scopes ?? allScopes,
      quotaBytes: () => this.quota,
      line: this.options,
      clock: this.clock,
      switches: this.switches,
      faults: this.faults,
      log: this.log,
      violations: this.found,
    });
    const conduct = new Conduct(service);
    this.current = service;
    await this.listener.start((message, response) => void this.answer(conduct, message, response));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.options.directory === undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  private get service(): Service {
    if (this.current === undefined) throw new Error('the stand-in is stopped');
    return this.current;
  }

  private async answer(conduct: Conduct, message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (await control(this, message, response)) return;
      await new Exchange(this.service, conduct, [message, response]).serve();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.found.add('stand-in-failed', { number: this.log.entries.length, route: message.url ?? '' }, text);
      response.destroy();
    }
  }
}
