// A small computer: Debian under systemd-nspawn, with a disk of its own that survives reboots and power cuts.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Ended, runProgram } from '../world.ts';
import { baseRoot } from './base-root.ts';
import { commitWorkTree, npmFolder } from './project.ts';

/** Boots once made; off and gone with `await using`. Its network is this machine's, so loopback is shared. */
export class Machine implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-machine-'));
  /** Its file system, seen from here. */
  readonly root = join(this.home, 'root');
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
    this.write(
      '/usr/local/bin/npm',
      '#!/bin/sh\nexport NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_prefer_offline=true\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
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
    const name = `holdfast-${process.pid}-${this.home.slice(-6)}`;
    const bind = [
      `--bind-ro=${join(this.home, 'source')}:/src`,
      `--bind-ro=${process.execPath}:/usr/local/bin/node`,
      `--bind-ro=${npmFolder()}:/usr/local/lib/node_modules/npm`,
      `--bind=${join(homedir(), '.npm')}:/root/.npm`,
      '--bind-ro=/etc/ssl/certs/ca-certificates.crt',
    ];
    const flags = [
      '--register=no',
      '--keep-unit',
      '--console=read-only',
      '--resolv-conf=copy-host',
      '--timezone=off',
    ];
    const child = spawn('systemd-nspawn', [...flags, `--machine=${name}`, '-D', this.root, ...bind, '-b'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    this.ended = new Promise((done) => child.on('close', done));
    await this.consoleSays(child, /Reached target .*multi-user\.target|Reached target .*Multi-User/);
    this.leader = childOf(child.pid ?? 0);
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

  async powerOff(): Promise<void> {
    if (this.process === undefined) return;
    await this.run('systemctl', 'poweroff');
    await this.ended;
    this.process = undefined;
  }

  /** What had not reached the disk stays in the page cache here: a cut of the processes, not of the disk. */
  async cutPower(): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.ended;
    this.process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutPower();
    execFileSync('umount', ['--lazy', this.root]);
    rmSync(this.home, { recursive: true, force: true });
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
