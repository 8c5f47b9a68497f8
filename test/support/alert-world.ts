// An installation whose alerts go to an ntfy, a Slack and a dead-man's switch on 127.0.0.1.
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HealthchecksStandIn } from '../stand-ins/healthchecks/stand-in.ts';
import { NtfyStandIn } from '../stand-ins/ntfy/stand-in.ts';
import { SlackStandIn } from '../stand-ins/slack/stand-in.ts';
import { TypedWorld } from './typed-world.ts';
import { type Ended, filesBelow, makeBookings } from './world.ts';

export class AlertWorld extends TypedWorld {
  readonly ntfy: NtfyStandIn;
  readonly slack: SlackStandIn;
  readonly switch: HealthchecksStandIn;

  private constructor(ntfy: NtfyStandIn, slack: SlackStandIn, deadMansSwitch: HealthchecksStandIn) {
    super('2026-11-20T02:05:13Z');
    this.ntfy = ntfy;
    this.slack = slack;
    this.switch = deadMansSwitch;
  }

  /** With a database and one good backup, and alerts through ntfy and Slack; `alerts` are further lines of `[alerts]`. */
  static async start(
    options: { alerts?: string; ping?: boolean; app?: string; backup?: boolean } = {},
  ): Promise<AlertWorld> {
    const world = new AlertWorld(
      await NtfyStandIn.start({ token: 'tk_nobodyMayKnow12345' }),
      await SlackStandIn.start(),
      await HealthchecksStandIn.start(),
    );
    world.configureAlerts(options);
    makeBookings(world.database, { journalMode: 'delete' });
    if (options.backup !== false) {
      const { exitCode, stderr } = await world.run('db-backup', []);
      if (exitCode !== 0) throw new Error(`the first backup failed: ${stderr}`);
      await world.send();
    }
    return world;
  }

  configureAlerts({
    alerts = '',
    ping = false,
    app = '',
    pinged = ['db-backup'],
  }: { alerts?: string; ping?: boolean; app?: string; pinged?: string[] } = {}): void {
    const secret = (name: string, text: string) => {
      const path = join(this.home, name);
      writeFileSync(path, `${text}\n`);
      chmodSync(path, 0o600);
      return JSON.stringify(path);
    };
    this.configure({
      app,
      top: `clock = "trusted"
time_zone = "UTC"
[alerts]
${alerts}
[alerts.ntfy]
server = "${this.ntfy.url}"
topic_file = ${secret('topic', this.ntfy.topic)}
token_file = ${secret('token', 'tk_nobodyMayKnow12345')}
[alerts.slack]
webhook_url_file = ${secret('webhook', this.slack.webhook)}
${ping ? `[alerts.ping]\nurl_file = ${secret('ping', this.switch.address)}\njobs = ${JSON.stringify(pinged)}` : ''}`,
    });
  }

  /** Runs `alert-send deliver --now`. */
  send(args: readonly string[] = []): Promise<Ended> {
    return this.run('alert-send', ['deliver', '--now', ...args]);
  }

  /** The titles of all messages of ntfy, without the host. */
  get titles(): string[] {
    return this.ntfy.messages.map(({ title }) => title.replace(/^[^:]*: /, ''));
  }

  /** The first lines of all messages of Slack, plain. */
  get headlines(): string[] {
    return this.slack.messages.map((text) =>
      (text.split('\n')[0] ?? '').replace(/^(:\w+: )?\*[^:]*: (.*)\*$/, '$2'),
    );
  }

  /** The store is a disk: unplugged, plugged in again. */
  unplug(): void {
    renameSync(this.store, `${this.store}.away`);
  }

  plugIn(): void {
    renameSync(`${this.store}.away`, this.store);
  }

  /** Files of ours, other than the secrets' own, that hold a secret. */
  filesWithSecrets(): string[] {
    const own = ['topic', 'token', 'webhook', 'ping'];
    return filesBelow(this.home).filter(
      (name) =>
        !own.includes(name) &&
        existsSync(join(this.home, name)) &&
        this.tellsSecret(readFileSync(join(this.home, name), 'latin1')),
    );
  }

  tellsSecret(text: string): boolean {
    const { topic } = this.ntfy;
    return [topic, 'tk_nobodyMayKnow12345', 'notForOtherEyes4711', 'pingKeyOfNobodysBusiness'].some(
      (secret) => text.includes(secret),
    );
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const service of [this.ntfy, this.slack, this.switch]) await service.stop();
    await super[Symbol.asyncDispose]();
  }
}
