// A Dropbox on 127.0.0.1, as strict as the real one: for tests that run real commands against it, and for measuring.
// What it does follows docs of the service; where they are silent, there is a switch.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Blobs } from './blobs.ts';
import { Conduct } from './conduct.ts';
import { control } from './control.ts';
import { DurableState } from './durable.ts';
import { Exchange } from './exchange.ts';
import { FilesBehind, openSession, type OpenSession } from './files-behind.ts';
import { Faults, type Fault } from './faults.ts';
import { Link } from './link.ts';
import { Namespace } from './namespace.ts';
import { RequestLog, type RequestLogEntry } from './request-log.ts';
import type { Account, Service } from './service.ts';
import { defaultSwitches, type Switches } from './switches.ts';
import { allScopes, Tokens } from './tokens.ts';
import { UploadSessions } from './upload-sessions.ts';
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
  private readonly connections = new Set<Duplex>();
  private quota: number;
  private port: number;
  private server: Server | undefined;
  private state: DurableState | undefined;
  private current: Service | undefined;

  private constructor(options: StandInOptions) {
    this.options = options;
    this.quota = options.quotaBytes ?? defaultQuota;
    this.port = options.port ?? 0;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'dropbox-stand-in-'));
  }

  static async start(options: StandInOptions = {}): Promise<DropboxStandIn> {
    const standIn = new DropboxStandIn(options);
    await standIn.restart();
    return standIn;
  }

  /** The one origin for the hosts api, content, notify and www; paths are the real ones. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
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

  /** Serves HTTP on a connection that somebody else accepted, for example one with TLS. */
  accept(socket: Duplex): void {
    this.server?.emit('connection', socket);
  }

  /** Ends all connections. Nothing that was applied is lost. */
  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const connection of this.connections) connection.destroy();
    this.faults.release();
    await promise;
    await this.log.idle();
    this.state?.close();
    this.current = undefined;
  }

  /** Starts again at the same port, with everything that was there. */
  async restart(): Promise<void> {
    await this.stop();
    mkdirSync(this.directory, { recursive: true });
    const service = this.assemble();
    this.current = service;
    const conduct = new Conduct(service);
    const server = createServer((message, response) => void this.serve(conduct, message, response));
    server.on('connection', (socket: Duplex) => {
      this.connections.add(socket);
      socket.on('close', () => this.connections.delete(socket));
    });
    // Uploads over a slow line take longer than any default allows.
    Object.assign(server, { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 60_000 });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.on('error', reject);
    server.listen(this.port, '127.0.0.1', resolve);
    await promise;
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.options.directory === undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  private get service(): Service {
    if (this.current === undefined) throw new Error('the stand-in is stopped');
    return this.current;
  }

  private async serve(conduct: Conduct, message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (await control(this, message, response)) return;
      await new Exchange(this.service, conduct, [message, response]).serve();
    } catch (error) {
      // A mistake in the stand-in must not look like a fault of the service that a client has to survive.
      console.error('the stand-in failed:', error);
      response.destroy();
    }
  }

  private assemble(): Service {
    const { clock, switches } = this;
    const state = new DurableState(this.directory);
    const blobs = new Blobs(this.directory, state);
    const tokens = new Tokens(state, clock);
    const appScopes = this.options.scopes ?? allScopes;
    this.state = state;
    return {
      account: account(state, tokens, appScopes),
      appScopes,
      quotaBytes: () => this.quota,
      clock,
      link: new Link(this.options),
      blobs,
      namespace: new Namespace(state),
      sessions: new UploadSessions(state, { blobs, clock, switches }),
      tokens,
      switches,
      faults: this.faults,
      log: this.log,
      violations: this.found,
    };
  }
}

/** The account that the directory holds, or a new one. */
function account(state: DurableState, tokens: Tokens, scopes: readonly string[]): Account {
  const accounts = state.map<Account>('account');
  const known = accounts.get('account');
  if (known !== undefined) return known;
  const made = {
    accountId: `dbid:${randomBytes(32).toString('base64url').slice(0, 35)}`,
    uid: '12345',
    appKey: randomBytes(8).toString('hex').slice(0, 15),
    appSecret: randomBytes(8).toString('hex').slice(0, 15),
    refreshToken: tokens.newRefresh(scopes).token,
  };
  accounts.set('account', made);
  return made;
}
