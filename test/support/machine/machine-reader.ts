// A reader of documents on the machine itself, set up as docs/operations.md says: an account of its own that ssh reaches,
// where our key may write in one directory and do nothing else.
import type { Machine } from './machine.ts';

const directory = '/srv/arrived';
const authorized = '/home/reports/.ssh/authorized_keys';

export class MachineReader {
  private readonly machine: Machine;

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Makes the account, and our key in `/etc/holdfast/ship-key`; nothing listens yet. */
  static async make(machine: Machine): Promise<MachineReader> {
    await machine.ok(
      `useradd -m reports && install -d -o reports -g reports ${directory} &&
       ssh-keygen -q -t ed25519 -N "" -f /etc/holdfast/ship-key &&
       install -d -o reports -g reports -m 700 $(dirname ${authorized}) && systemctl unmask --quiet ssh`,
    );
    const reader = new MachineReader(machine);
    reader.allow(machine.read('/etc/holdfast/ship-key.pub'));
    await machine.ok(`chown reports: ${authorized}`);
    return reader;
  }

  /** Whose key may write there from now on. */
  allow(key: string): void {
    this.machine.write(authorized, `restrict,command="rrsync -wo ${directory}" ${key.trim()}\n`, 0o600);
  }

  /** The lines of the configuration. */
  get settings(): string {
    return `to = "reports@127.0.0.1:/"
host_key = "${this.machine.read('/etc/ssh/ssh_host_ed25519_key.pub').trim()}"
identity = "/etc/holdfast/ship-key"
`;
  }

  async open(): Promise<void> {
    await this.machine.ok('systemctl start ssh');
  }

  async close(): Promise<void> {
    await this.machine.ok('systemctl stop ssh');
  }

  /** How what lies in `documents` differs from what has arrived, in lines; none where all of it has. */
  async differences(documents: string): Promise<string> {
    const { stdout } = await this.machine.sh(`diff -r ${documents} ${directory}`);
    return stdout;
  }
}
