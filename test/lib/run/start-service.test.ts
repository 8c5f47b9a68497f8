// A service as a real process, with a service manager's real socket.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type LineProcess, spawnLines } from '../../support/spawn-lines.ts';
import { World } from '../../support/world.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const missing = ['systemd-notify', 'perl'].filter(
  (name) => spawnSync(name, ['--version']).error !== undefined,
);

/** The test service under a manager that listens to it. */
class Managed implements AsyncDisposable {
  private readonly world = new World();
  private readonly socket = join(this.world.home, 'notify');
  private readonly manager = spawnLines('perl', [fixture('notify-socket.pl'), this.socket]);
  readonly service: LineProcess;

  private constructor(environment: Record<string, string>, conduct: string) {
    this.world.configure();
    const variables = { NOTIFY_SOCKET: this.socket, ...environment };
    const program = [process.execPath, fixture('test-service.ts')];
    const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const words = [
      ...set,
      ...program,
      'run',
      ...(conduct === '' ? [] : [conduct]),
      '--config',
      this.world.config,
    ];
    // What it logs comes as lines, too.
    this.service = spawnLines('sh', ['-c', 'exec env "$@" 2>&1', 'sh', ...words]);
  }

  static async start(conduct = '', environment: Record<string, string> = {}): Promise<Managed> {
    const managed = new Managed(environment, conduct);
    await managed.manager.line('listening');
    return managed;
  }

  /** The next message to the manager. */
  heard(): Promise<string> {
    return this.manager.line(/./);
  }

  /** Sends a message of the test's own: what the manager heard before it came before it. */
  mark(): void {
    execFileSync('systemd-notify', ['MARK=1'], { env: { ...process.env, NOTIFY_SOCKET: this.socket } });
  }

  async becomeReady(): Promise<void> {
    await this.service.line('open');
    this.service.write('ready\n');
    expect(await this.heard()).toMatch(/^READY=1 \| STATUS=listening on 127\.0\.0\.1:\d+$/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.manager[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
  }
}

describe.skipIf(missing.length > 0)(`a service (needs ${missing.join(', ') || 'nothing more'})`, () => {
  test('is ready when it says so, stops at SIGTERM, and exits with 0', async () => {
    await using managed = await Managed.start();
    const { service } = managed;
    await service.line('opening');
    managed.mark();
    expect(await managed.heard()).toBe('MARK=1');
    await managed.becomeReady();
    process.kill(service.pid, 'SIGTERM');
    expect(await managed.heard()).toBe('STOPPING=1 | STATUS=stopping | EXTEND_TIMEOUT_USEC=605000000');
    expect(await service.ended).toBe(0);
  });

  test('gives signs of life until it hangs, and is told to stop all the same', async () => {
    await using managed = await Managed.start('', { WATCHDOG_USEC: '6000000' });
    const { service } = managed;
    await managed.becomeReady();
    expect(await managed.heard()).toBe('WATCHDOG=1');
    process.kill(service.pid, 'SIGUSR2');
    await service.line(/no sign of life,.*the probe does not answer/);
    managed.mark();
    while ((await managed.heard()) !== 'MARK=1');
    process.kill(service.pid, 'SIGTERM');
    expect(await managed.heard()).toMatch(/^STOPPING=1/);
    expect(await service.ended).toBe(0);
  });

  test('ends at once by a second signal', async () => {
    await using managed = await Managed.start('linger');
    const { service } = managed;
    await managed.becomeReady();
    process.kill(service.pid, 'SIGTERM');
    await service.line('stopping');
    process.kill(service.pid, 'SIGTERM');
    expect(await service.ended).toBe('SIGTERM');
  });

  test('that does not stop in its grace time is ended, and says so', async () => {
    await using managed = await Managed.start('linger');
    const { service } = managed;
    await managed.becomeReady();
    process.kill(service.pid, 'SIGHUP');
    await service.line(/error: cannot stop test-service cleanly: after 1\.0 s it still has work in hand$/);
    expect(await service.ended).toBe(143);
  });

  test('that cannot start says why and ends, though it had opened something', async () => {
    await using managed = await Managed.start('fail');
    const { service } = managed;
    await service.line(/error: cannot serve: not today$/);
    await service.line(/hint: try tomorrow$/);
    expect(await service.ended).toBe(77);
    managed.mark();
    expect(await managed.heard()).toBe('MARK=1');
  });

  test('with a mistake in a callback shows the stack and ends', async () => {
    await using managed = await Managed.start('throw-aside');
    const { service } = managed;
    await managed.becomeReady();
    await service.line(/^TypeError: /);
    await service.line(/^ {4}at .*test-service\.ts/);
    expect(await service.ended).toBe(70);
  });
});

test('a service has its help, and refuses what it does not read', () => {
  const type = (...args: string[]) =>
    spawnSync(process.execPath, [fixture('test-service.ts'), ...args], { encoding: 'utf8' });
  expect(type('run', '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^Usage: test-service run \[options\] \[conduct\]/),
  });
  const refused = type('run', '--dry-run', '--json');
  expect(refused).toMatchObject({
    status: 64,
    stderr: expect.stringContaining("unknown option '--dry-run'"),
  });
  expect(JSON.parse(type('run', '--json', '--config', '/nowhere.toml').stdout)).toMatchObject({
    ok: false,
    job: 'test-service',
    error: { kind: 'config', exit_code: 78 },
  });
});
