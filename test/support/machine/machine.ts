// A small computer: Debian under systemd-nspawn, with a network of its own, and a disk that survives reboots and power
// cuts.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Ended, runProgram } from '../world.ts';
import { baseRoot } from './base-root.ts';
import { MemoryGroup } from './memory.ts';
import { OwnGroups } from './own-groups.ts';
import { MachineNetwork } from './network.ts';
import { commitWorkTree, npmFolder } from './project.ts';

/** Boots once made; off and gone with `await using`. */
export class Machine implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-machine-'));
  /** Its file system, seen from here. */
  readonly root = join(this.home, 'root');
  private readonly name = `holdfast-${process.pid}-${this.home.slice(-6)}`;
  readonly network = new MachineNetwork(this.name, this.home);
  private readonly memory = MemoryGroup.create(this.name);
  private readonly groups = OwnGroups.create(this.name);
  private process: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private leader = 0;
  private console = '';

  constructor() {
    for (const name of ['root', 'upper', 'work', 'source']) mkdirSync(join(this.home, name));
    const layers = `lowerdir=${baseRoot()},upperdir=${join(this.home, 'upper')},workdir=${join(this.home, 'work')}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root]);
    commitWorkTree(join(this.home, 'source'));
    mkdirSync(this.path('/usr/local/lib/node_modules/npm'), { recursive: true });
    mkdirSync(this.path('/root/.npm'));
    this.write('/usr/local/bin/node', '');
    // Else whatever a test left running and does not heed a signal holds the end of the machine up for a minute and a half.
    this.write('/etc/systemd/system.conf.d/90-test.conf', '[Manager]\nDefaultTimeoutStopSec=10s\n');
    // It has no way to a registry: what it installs was installed here before.
    this.write(
      '/usr/local/bin/npm',
      '#!/bin/sh\nexport npm_config_offline=true\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
      0o755,
    );
  }

  path(inside: string): string {
    return join(this.root, inside);
  }

  read(inside: string): string {
    return readFileSync(this.path(inside), 'utf8');
  }

  write(inside: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), text, { mode });
  }

  /** Returns when everything that starts by itself has started. */
  async boot(): Promise<void> {
    const bind = [
      `--bind-ro=${join(this.home, 'source')}:/src`,
      `--bind-ro=${process.execPath}:/usr/local/bin/node`,
      `--bind-ro=${npmFolder()}:/usr/local/lib/node_modules/npm`,
      `--bind=${join(homedir(), '.npm')}:/root/.npm`,
    ];
    const flags = [
      '--register=no',
      '--keep-unit',
      '--console=read-only',
      '--resolv-conf=off',
      '--timezone=off',
      `--network-namespace-path=/run/netns/${this.network.name}`,
    ];
    const command = ['systemd-nspawn', ...flags, `--machine=${this.name}`, '-D', this.root, ...bind, '-b'];
    const [program = '', ...args] = this.groups.enter(this.memory?.enter(command) ?? command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    this.ended = new Promise((done) => child.on('close', done));
    await this.consoleSays(child, /Reached target .*multi-user\.target|Reached target .*Multi-User/);
    this.leader = childOf(child.pid ?? 0);
    if (this.memory !== undefined) await this.ok(this.memory.useInside);
    await this.run('systemctl', 'is-system-running', '--wait');
  }

  /** Runs a program inside, as root. Never throws for a bad exit. */
  run(program: string, ...args: string[]): Promise<Ended> {
    const inside = [
      '--target',
      String(this.leader),
      '--mount',
      '--uts',
      '--ipc',
      '--pid',
      '--net',
      '--cgroup',
      '--root',
      '--wdns=/',
    ];
    const environment = {
      HOME: '/root',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      SYSTEMD_PAGER: '',
      SYSTEMD_COLORS: '0',
      LC_ALL: 'C.UTF-8',
    };
    const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return runProgram('/usr/bin/nsenter', [...inside, '--', 'env', '-i', ...set, program, ...args]);
  }

  /** A line as an administrator types it. */
  sh(line: string): Promise<Ended> {
    return this.run('bash', '-c', line);
  }

  /** The same, and a bad exit fails the test with all that was said. Returns what was printed. */
  async ok(line: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.sh(line);
    if (exitCode === 0) return stdout;
    throw new Error(`${line}\nexited with ${exitCode}\n${stdout}\n${stderr}`);
  }

  /** Whether a unit that uses more memory than it may is ended here. */
  async countsMemory(): Promise<boolean> {
    const greedy = 'head -c 100000000 /dev/zero | tail -c 100000000 >/dev/null';
    return (
      (await this.run('systemd-run', '--wait', '-p', 'MemoryMax=20M', 'sh', '-c', greedy)).exitCode !== 0
    );
  }

  async powerOff(): Promise<void> {
    if (this.process === undefined) return;
    await this.run('systemctl', 'poweroff');
    await this.isOff();
  }

  /** What had not reached the disk stays in the page cache here: a cut of the processes, not of the disk. */
  async cutPower(): Promise<void> {
    if (this.process === undefined) return;
    // Its first process takes all others with it. systemd-nspawn, were it killed, would leave them running.
    process.kill(this.leader, 'SIGKILL');
    await this.isOff();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutPower();
    this.memory?.remove();
    this.groups.remove();
    await this.network[Symbol.asyncDispose]();
    execFileSync('umount', ['--lazy', this.root]);
    rmSync(this.home, { recursive: true, force: true });
  }

  private async isOff(): Promise<void> {
    await this.ended;
    while (existsSync(`/proc/${this.leader}`)) await nextTurn();
    this.process = undefined;
  }

  private consoleSays(child: ChildProcess, pattern: RegExp): Promise<void> {
    this.console = '';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.console += text;
        if (pattern.test(this.console)) resolve();
      });
    }
    child.on('close', () => reject(new Error(`the machine did not boot:\n${this.console}`)));
    return promise;
  }
}

/** The first process of the machine: the one child of systemd-nspawn that is not of its own helpers. */
function childOf(parent: number): number {
  const children = readdirSync(`/proc/${parent}/task`).flatMap((task) =>
    readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8').trim().split(' '),
  );
  const init = children.find(
    (pid) => pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd',
  );
  if (init === undefined)
    throw new Error(`systemd-nspawn has no systemd among its children ${children.join(' ')}`);
  return Number(init);
}
