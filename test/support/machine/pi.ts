// The machine of an operator: a Flask-like app with its group and database, two people, copies in Dropbox, and alerts
// through ntfy and Slack.
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DropboxStandIn } from '../../stand-ins/dropbox/stand-in.ts';
import { NtfyStandIn } from '../../stand-ins/ntfy/stand-in.ts';
import { SlackStandIn } from '../../stand-ins/slack/stand-in.ts';
import { type Ended, makeBookings } from '../world.ts';
import { Machine } from './machine.ts';
import { type Heard, Phone } from './phone.ts';
import { project } from './project.ts';

export const database = '/opt/apps/ctv-bookedbiz-db/data/database/production.db';
export const backup = 'db-backup@ctv.service';
const override = '99-test.conf';

export class Pi implements AsyncDisposable {
  readonly machine = new Machine();
  readonly dropbox: DropboxStandIn;
  readonly ntfy: NtfyStandIn;
  readonly slack: SlackStandIn;
  readonly phone: Phone;
  private isInstalled = false;

  private constructor(dropbox: DropboxStandIn, ntfy: NtfyStandIn, slack: SlackStandIn) {
    this.dropbox = dropbox;
    this.ntfy = ntfy;
    this.slack = slack;
    this.phone = new Phone(ntfy, slack);
  }

  /** Booted, with the app and its people, and Holdfast not yet installed. */
  static async boot(): Promise<Pi> {
    const pi = new Pi(await DropboxStandIn.start(), await NtfyStandIn.start(), await SlackStandIn.start());
    for (const { url } of [pi.dropbox, pi.ntfy, pi.slack])
      await pi.machine.network.publish(Number(new URL(url).port));
    await pi.machine.boot();
    await pi.machine.ok(
      'groupadd ctvapps && useradd -r -M -g ctvapps flaskapp && useradd -m -G ctvapps dev && useradd -m other',
    );
    const [uid, gid] = (await pi.machine.ok('id -u flaskapp; id -g flaskapp')).trim().split('\n').map(Number);
    const path = pi.machine.path(database);
    mkdirSync(dirname(path), { recursive: true });
    makeBookings(path, { rows: 2000 });
    chownSync(path, uid ?? 0, gid ?? 0);
    chmodSync(path, 0o660);
    chownSync(dirname(path), uid ?? 0, gid ?? 0);
    chmodSync(dirname(path), 0o2770);
    return pi;
  }

  /** The environment file of the script that came before; `extra` lines win. */
  writeEnvironment(extra: Record<string, string> = {}): void {
    const { ntfy, slack, dropbox } = this;
    const alerts = { NTFY_TOPIC: ntfy.topic, NTFY_SERVER: ntfy.url, SLACK_WEBHOOK_URL: slack.webhook };
    const variables = { DATABASE_PATH: database, ...dropbox.environment, ...alerts, ...extra };
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    this.machine.write('/etc/ctv-db-sync.env', lines.join(''), 0o600);
  }

  /** The other way: a configuration file at `path`, and each secret in a file of its own. */
  async writeConfiguration(path: string): Promise<void> {
    const { DROPBOX_APP_KEY, DROPBOX_APP_SECRET, DROPBOX_REFRESH_TOKEN, HOLDFAST_DROPBOX_URL } =
      this.dropbox.environment;
    const secret = (name: string, text = '') => {
      this.machine.write(`/etc/holdfast/credentials/${name}`, `${text}\n`, 0o600);
      return JSON.stringify(`/etc/holdfast/credentials/${name}`);
    };
    this.machine.write(
      path,
      `[store]
kind = "dropbox"
app_key = "${DROPBOX_APP_KEY}"
app_secret_file = ${secret('dropbox-app-secret', DROPBOX_APP_SECRET)}
refresh_token_file = ${secret('dropbox-refresh-token', DROPBOX_REFRESH_TOKEN)}
retries = 0
[apps.ctv]
database = "${database}"
services = ["flaskapp.service"]
health = { url = "http://127.0.0.1:8000/health", timeout_seconds = 60 }
[alerts]
ntfy = { server = "${this.ntfy.url}", topic_file = ${secret('ntfy-topic', this.ntfy.topic)} }
slack = { webhook_url_file = ${secret('slack-webhook-url', this.slack.webhook)} }
`,
    );
    for (const unit of [backup, 'restore-drill@ctv.service', 'health-check.service'])
      this.machine.write(
        `/etc/systemd/system/${unit}.d/10-stand-in.conf`,
        `[Service]\nEnvironment=HOLDFAST_DROPBOX_URL=${HOLDFAST_DROPBOX_URL}\n`,
      );
  }

  /** The app of units/samples/flaskapp.service, running. */
  async startApp(): Promise<void> {
    const home = '/opt/apps/ctv-bookedbiz-db';
    const unit = readFileSync(join(project, 'units/samples/flaskapp.service'), 'utf8');
    this.machine.write('/etc/systemd/system/flaskapp.service', unit);
    const app = readFileSync(join(import.meta.dirname, 'gunicorn.mjs'), 'utf8');
    this.machine.write(`${home}/venv/bin/gunicorn`, app, 0o755);
    await this.machine.ok(`mkdir ${home}/logs && systemctl daemon-reload && systemctl start flaskapp`);
  }

  /** Its first step in README. */
  async put(): Promise<void> {
    await this.machine.ok('git clone --quiet /src /opt/holdfast && cd /opt/holdfast && npm ci --omit=dev');
    await this.machine.ok(
      'ln -s /opt/holdfast/bin/db-backup /opt/holdfast/bin/db-export-json /opt/holdfast/bin/db-maintain /opt/holdfast/bin/health-check /opt/holdfast/bin/restore /opt/holdfast/bin/alert-send /usr/local/bin/',
    );
  }

  /** README's steps. */
  async install(options = ''): Promise<string> {
    await this.put();
    return this.installUnits(options);
  }

  /** The steps after the first. */
  async installUnits(options = ''): Promise<string> {
    this.isInstalled = true;
    const said = await this.machine.ok(`cd /opt/holdfast && npm run units -- install --app ctv ${options}`);
    // It would have news of its own: whoever wants it starts the service.
    await this.machine.ok('systemctl disable --now --quiet health-check.timer');
    return said;
  }

  async uninstall(): Promise<void> {
    await this.machine.ok('cd /opt/holdfast && npm run units -- uninstall --app ctv');
    this.isInstalled = false;
  }

  /** Settings of a unit until `clear`. */
  async override(lines: string, unit = backup, section = 'Service'): Promise<void> {
    this.machine.write(`/etc/systemd/system/${unit}.d/${override}`, `[${section}]\n${lines}\n`);
    await this.machine.ok('systemctl daemon-reload');
  }

  async clearOverrides(): Promise<void> {
    await this.machine.ok(
      `rm -f /etc/systemd/system/*.d/${override} && systemctl daemon-reload && systemctl reset-failed`,
    );
  }

  /** As it was after the installation: nothing is wrong, and nobody was told anything. */
  async clear(): Promise<void> {
    this.dropbox.clearFaults();
    if (!this.isInstalled) return;
    await this.clearOverrides();
    await this.allTold();
    await this.machine.ok('rm -rf /var/lib/holdfast/alerts');
    this.phone.forget();
  }

  /** One word of what systemd knows of the unit. */
  async show(property: string, unit = backup): Promise<string> {
    return (await this.machine.ok(`systemctl show --value --property=${property} ${unit}`)).trim();
  }

  /** The next news, which nobody but the units themselves may bring, and whatever else comes with them. */
  async news(): Promise<Heard> {
    await this.phone.rings();
    await this.allTold();
    return this.phone.heard();
  }

  /** What was told since it was asked last, where it may be nothing. */
  async silence(): Promise<Heard> {
    await this.allTold();
    return this.phone.heard();
  }

  /** Starts a run and returns how it ended. */
  async backUp(): Promise<Ended> {
    return this.machine.sh(`systemctl start ${backup}`);
  }

  /** A run that ends well; any other fails the test. */
  async backUpWell(): Promise<void> {
    await this.startWell(backup);
  }

  /** The same of another unit. */
  async startWell(unit: string): Promise<void> {
    const { exitCode, stderr } = await this.machine.sh(`systemctl start ${unit}`);
    if (exitCode === 0) return;
    // What the manager says of a unit that never began stands in its own journal.
    const { stdout } = await this.machine.sh(`journalctl --no-pager --lines=20 --unit=${unit}`);
    throw new Error(`${unit} failed: ${stderr}\n${stdout}\n${await this.log()}`);
  }

  /** A run of a unit that ends badly; returns its exit code. */
  async startIll(unit: string): Promise<string> {
    await this.machine.sh(`systemctl start ${unit}`);
    return this.show('ExecMainStatus', unit);
  }

  /** A run that ends well, and what was told after it. */
  async recover(): Promise<Heard> {
    await this.backUpWell();
    return this.news();
  }

  /** Returns when handlers of failures have run, and what they left is delivered. */
  private async allTold(): Promise<void> {
    await this.machine.ok('while systemctl list-jobs --no-legend | grep -q job-failed; do :; done');
    const spool = '/var/lib/holdfast/spool/new';
    await this.machine.sh(
      `while [ -n "$(ls -A ${spool} 2>/dev/null)" ]; do systemctl start alert-send; done`,
    );
    await this.startWell('alert-send');
  }

  /** What the jobs logged. */
  log(): Promise<string> {
    return this.machine.ok('journalctl --namespace=holdfast --no-pager --output=cat --lines=40');
  }

  /** Starts a run that stops at Dropbox's door, and returns when it stands there. */
  async startHanging(
    start = `systemctl start --no-block ${backup}`,
    route: RegExp = /^files\//,
  ): Promise<void> {
    const reached = Promise.withResolvers<void>();
    this.dropbox.fault({
      route,
      action: { kind: 'run', when: 'arrival', run: () => (reached.resolve(), this.hang()) },
      times: Infinity,
    });
    await this.change();
    await this.machine.ok(start);
    await reached.promise;
  }

  /** Something new to back up: an unchanged database is not stored again. */
  async change(): Promise<void> {
    await this.machine.ok(
      `su -s /bin/sh flaskapp -c "umask 7; sqlite3 ${database} \\"insert into booking (guest) values (hex(randomblob(9)))\\""`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropbox.clearFaults();
    this.release.forEach((go) => go());
    await this.machine[Symbol.asyncDispose]();
    for (const service of [this.dropbox, this.ntfy, this.slack]) await service[Symbol.asyncDispose]();
  }

  private readonly release: (() => void)[] = [];

  private hang(): Promise<void> {
    return new Promise((go) => this.release.push(go));
  }
}
