// The machine of an operator: a Flask-like app with its group and database, two people, and copies in Dropbox.
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DropboxStandIn } from '../dropbox/stand-in.ts';
import { makeBookings } from '../world.ts';
import { Machine } from './machine.ts';

export const database = '/opt/apps/ctv-bookedbiz-db/data/database/production.db';
export const backup = 'db-backup@ctv.service';
const overrides = `/etc/systemd/system/${backup}.d/99-test.conf`;

export class Pi implements AsyncDisposable {
  readonly machine = new Machine();
  readonly dropbox: DropboxStandIn;

  private constructor(dropbox: DropboxStandIn) {
    this.dropbox = dropbox;
  }

  /** Booted, with the app and its people, and Holdfast not yet installed. */
  static async boot(): Promise<Pi> {
    const pi = new Pi(await DropboxStandIn.start());
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
    pi.writeEnvironment();
    return pi;
  }

  /** The environment file of the script that came before; `extra` lines win. */
  writeEnvironment(extra: Record<string, string> = {}): void {
    const variables = { DATABASE_PATH: database, ...this.dropbox.environment, ...extra };
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    this.machine.write('/etc/ctv-db-sync.env', lines.join(''), 0o600);
  }

  /** As README says. */
  async install(): Promise<string> {
    await this.machine.ok('git clone --quiet /src /opt/holdfast && cd /opt/holdfast && npm ci --omit=dev');
    return this.machine.ok('cd /opt/holdfast && npm run units -- install --app ctv');
  }

  /** Settings of the unit until `clear`. */
  async override(lines: string): Promise<void> {
    this.machine.write(overrides, `[Service]\n${lines}\n`);
    await this.machine.ok('systemctl daemon-reload');
  }

  async clear(): Promise<void> {
    this.dropbox.clearFaults();
    this.writeEnvironment();
    await this.machine.ok(`rm -f ${overrides} && systemctl daemon-reload && systemctl reset-failed`);
  }

  /** One word of what systemd knows of the unit. */
  async show(property: string, unit = backup): Promise<string> {
    return (await this.machine.ok(`systemctl show --value --property=${property} ${unit}`)).trim();
  }

  /** How often the handler of failures was started since the machine was made. */
  async failuresTold(): Promise<number> {
    const said = await this.machine.ok(
      `journalctl --quiet --output=cat --unit=job-failed@db-backup@ctv.service --grep='^Starting' || true`,
    );
    return said.split('\n').filter((line) => line !== '').length;
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
    await this.dropbox[Symbol.asyncDispose]();
  }

  private readonly release: (() => void)[] = [];

  private hang(): Promise<void> {
    return new Promise((go) => this.release.push(go));
  }
}
