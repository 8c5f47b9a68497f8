// The worlds of row changes: one machine is both sides, and what listens on it are real processes.
import { mkdirSync } from 'node:fs';
import { freePort } from '../postgres.ts';
import { type LineProcess, spawnLines } from '../spawn-lines.ts';
import { RunbookWorld } from './runbook-world.ts';

const visits =
  "CREATE TABLE visit (id INTEGER PRIMARY KEY, day TEXT, tag TEXT); INSERT INTO visit VALUES (1, '2026-11-26', 'a'), (2, '2026-11-27', 'b');";

const receiving = (port: number) => `[receive]
listen = "127.0.0.1:${port}"
certificate = "/etc/holdfast/receive.pem"
private_key = "/etc/holdfast/credentials/receive.key"
[replicas.tagtracker]
database = "/srv/reports/tagtracker.db"
sources = ["laptop-1"]
[replicas.tagtracker.tables.visit]
day = "day"
`;

/** A receiver that is set up for the first time. */
export async function receiver(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  mkdirSync(world.at('/srv/reports'));
  world.configure({ more: receiving(await freePort()) });
  return world.withBackups(0, { sql: visits });
}

/** A sender, and its receiver, which has all that there is; one day is frozen there, and what came for it later is held. */
export async function both(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  mkdirSync(world.at('/srv/reports'));
  const port = await freePort();
  world.configure({ more: receiving(port) });
  const pin = /sha256:[0-9a-f]{64}/.exec(await world.well('delta-receive cert --name 127.0.0.1'))?.[0] ?? '';
  world.write(
    '/etc/holdfast/credentials/push.key',
    /hfd_\w{40}/.exec(await world.well('delta-receive key add laptop-1'))?.[0] ?? '',
  );
  world.configure({
    app: `[apps.ctv.delta]
to = "https://127.0.0.1:${port}"
source = "laptop-1"
pin = "${pin}"
key_file = "/etc/holdfast/credentials/push.key"`,
    more: receiving(port),
  });
  await world.withBackups(0, { sql: visits });
  const service = world.keep(started(world, 'delta-receive'));
  await service.line(/listening on/);
  await world.well('delta-push install');
  await world.well('delta-push run');
  await freeze(world);
  world.values['day'] = '2026-11-27';
  return world;
}

/** A day was frozen, and a row of it is changed; it may be frozen already. */
export async function freeze(world: RunbookWorld): Promise<void> {
  await world.type('delta-push run');
  await world.type('delta-receive freeze 2026-11-27');
  world.app("UPDATE visit SET tag = tag || '!' WHERE id = 2");
  await world.type('delta-push run');
}

/** A master that nobody has asked yet, and a reader that knows where it is. */
export async function replica(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  world.values['port'] = String(await freePort());
  serving(world);
  world.write('/home/kim/replica.db', '');
  return world.withBackups(0, { sql: visits });
}

/** What the reader was told has been written down, and the service runs. */
export async function serve(world: RunbookWorld): Promise<void> {
  const made = await world.well('delta-serve key office');
  world.write('/etc/holdfast/pull.key', /hxb_\w{40}/.exec(made)?.[0] ?? '');
  const pin = /sha256:[0-9a-f]{64}/.exec(await world.well('delta-serve status'))?.[0] ?? '';
  serving(world, `keys = { office = "${/sha256:[0-9a-f]{64}/.exec(made)?.[0] ?? ''}" }`, `pin = "${pin}"`);
  const service = started(world, 'delta-serve');
  await service.line(/serving/);
  world.holds(() => service.kill('SIGTERM'));
}

function serving(world: RunbookWorld, keys = '', pin = ''): void {
  const port = String(world.values['port']);
  world.configure({
    app: `[apps.ctv.serve]
listen = "127.0.0.1:${port}"
certificate = "/etc/holdfast/serve.pem"
private_key = "/etc/holdfast/serve.key"
${keys}`,
    more: `[pulls.office]
from = "https://127.0.0.1:${port}"
key_file = "/etc/holdfast/pull.key"
replica = "/srv/replica.db"
${pin}`,
  });
}

function started(world: RunbookWorld, job: string): LineProcess {
  const line = `exec ${world.at('/opt/holdfast/bin')}/${job} run 2>&1`;
  return spawnLines('env', [`HOLDFAST_CONFIG=${world.config}`, 'sh', '-c', line]);
}
