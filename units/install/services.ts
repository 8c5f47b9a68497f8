// What belongs to the machine and to none of its apps: the receiver of row changes, and the replicas of masters elsewhere.
import { dirname, join } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { OpsError } from '../../lib/base/errors.ts';
import { shellWord } from '../../lib/base/shell-word.ts';
import type { Config } from '../../lib/config/config.ts';
import { defaultPath } from '../../lib/config/known-place.ts';
import { loadConfig } from '../../lib/config/load.ts';
import { type InstallRecord, readRecord } from '../../lib/probe/install-record.ts';
import { groupName } from './accounts.ts';
import { alertSettings, type AppPlace } from './alerts.ts';
import { applyChanges } from './apply.ts';
import type { ServicesArguments } from './arguments.ts';
import { type Change, changeLines, changesTo } from './changes.ts';
import { inHome } from './drop-in.ts';
import { asRoot, configLines, credentialLines, escape, lines, quote } from './drop-in-lines.ts';
import { explorerDropIn } from './explorer.ts';
import { unlessUsual } from './examine.ts';
import { healthSettings } from './health.ts';
import type { Machine } from './machine.ts';
import { Problems } from './problems.ts';
import { hashesOf, writeRecord } from './record.ts';
import { checkPrivate, type Credential, serviceCredentials } from './secret-files.ts';
import { startService } from './start-service.ts';
import { typingFiles } from './typing.ts';
import { explorerFiles, type Files, sharedFiles, sharedTimers, systemUnits, unitText } from './wanted.ts';

/** One service, and what it needs. */
interface Service {
  readonly unit: string;
  /** Directories that it writes in. */
  readonly writes: readonly string[];
  readonly credentials: readonly Credential[];
}

/** `install --services`: puts them in place, and starts them. Throws OpsError `config` where none is configured. */
export async function installServices(request: ServicesArguments, machine: Machine): Promise<void> {
  const { root } = request;
  const record = readRecord(root);
  const user = request.user ?? record.services?.user ?? 'holdfast';
  const configFile = request.configPath ?? record.services?.configFile ?? defaultPath;
  const config = loadConfig({ path: join(root, configFile), environment: {} });
  const services = servicesOf(config, root);
  if (services.length === 0)
    throw new OpsError(
      'config',
      `cannot install services: ${configFile} has neither [receive] nor [pulls.<name>]`,
      {
        hint: 'docs/configuration.md has their keys; what belongs to an app, as delta-serve does, is installed with --app <name>',
      },
    );
  requireReady(root, services);
  const own = serviceFiles(services, { root, user, configFile });
  const places = [...placesOf(record), { app: '', environmentFile: undefined, configFile }];
  const shared = new Map([
    ...sharedFiles(alertSettings(root, places), healthSettings(root, user, places)),
    ...typingFiles(),
    ...explorerFiles(explorerDropIn(root, places)),
  ]);
  const changes = [
    ...changesTo(root, shared, record.shared),
    ...changesTo(root, own, record.services?.files ?? {}),
  ];
  machine.say(changeLines(changes.filter(({ kind }) => kind !== 'same')).join('\n'));
  requireNoEdits(changes, request.replaceEdited);
  const gone = goneUnits(record, services);
  if (root === '/')
    for (const unit of gone) await machine.try('systemctl', 'disable', '--now', '--quiet', unit);
  applyChanges(root, changes);
  writeRecord(root, {
    ...record,
    shared: hashesOf(shared),
    services: { files: hashesOf(own), configFile, user },
  });
  if (root === '/') await bringUp(services, changes, machine);
}

/** `uninstall --services`: stops them and takes their settings away; replicas, keys and secrets stay. */
export async function uninstallServices({ root }: ServicesArguments, machine: Machine): Promise<void> {
  const record = readRecord(root);
  if (record.services === undefined)
    throw new OpsError('missing', 'cannot uninstall services: none is installed', {
      hint: 'npm run units -- --help',
    });
  const isLast = Object.keys(record.apps).length === 0;
  const changes = [
    ...changesTo(root, new Map(), record.services.files),
    ...(isLast ? changesTo(root, new Map(), record.shared) : []),
  ];
  machine.say(changeLines(changes).join('\n'));
  const units = unitsIn(record.services.files);
  if (root === '/')
    await machine.run('systemctl', 'disable', '--now', '--quiet', ...units, ...(isLast ? sharedTimers : []));
  applyChanges(root, changes);
  writeRecord(root, { ...record, services: undefined, shared: isLast ? {} : record.shared });
  if (root === '/') await machine.run('systemctl', 'daemon-reload');
}

function servicesOf(config: Config, root: string): Service[] {
  const replicas = config.replicas.flatMap(({ target }) =>
    target.kind === 'sqlite' ? [dirname(target.path)] : [],
  );
  const receiver = {
    unit: 'delta-receive.service',
    writes: replicas,
    credentials: serviceCredentials.receive(root, config),
  };
  const pulls = config.pulls.map((pull) => ({
    unit: `delta-pull@${pull.name}.service`,
    writes: [dirname(pull.replica)],
    credentials: serviceCredentials.pull(root, pull),
  }));
  return [...(config.receive === undefined ? [] : [receiver]), ...pulls];
}

function serviceFiles(
  services: readonly Service[],
  { root, user, configFile }: { root: string; user: string; configFile: string },
): Files {
  return new Map(
    services.flatMap(({ unit, writes, credentials }): [string, string][] => {
      const groups = groupsOf(root, writes);
      const text = lines([
        '# Written by npm run units -- install --services, and written anew by the next. Your own settings:',
        '# systemctl edit <unit> makes a file beside this one that goes before it.',
        '[Service]',
        ...(user === 'root'
          ? asRoot
          : [`User=${user}`, ...groups.map((group) => `SupplementaryGroups=${escape(group)}`)]),
        ...(writes.some((path) => inHome.test(path)) ? ['ProtectHome=tmpfs'] : []),
        ...outsideState(writes).flatMap((path) => [
          `BindPaths=${quote(`-${path}`)}`,
          `ReadWritePaths=${quote(`-${path}`)}`,
        ]),
        ...configLines(unlessUsual(configFile)),
        ...credentialLines(credentials),
      ]);
      const failure = lines([
        '# Written by npm run units -- install --services.',
        '[Service]',
        ...configLines(unlessUsual(configFile)),
      ]);
      const template = unit.replace(/@.*\./, '@.');
      return [
        [join(systemUnits, template), unitText(template)],
        [join(systemUnits, `${unit}.d/50-holdfast.conf`), text],
        [
          join(systemUnits, `job-failed@${unit.replace(/\.service$/, '')}.service.d/50-holdfast.conf`),
          failure,
        ],
      ];
    }),
  );
}

function outsideState(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !`${path}/`.startsWith('/var/lib/holdfast/'));
}

function groupsOf(root: string, paths: readonly string[]): string[] {
  const names = outsideState(paths).flatMap((path) => {
    const found = statSync(join(root, path), { throwIfNoEntry: false });
    return found === undefined || found.gid === 0 ? [] : (groupName(root, found.gid) ?? []);
  });
  return [...new Set(names)];
}

function requireReady(root: string, services: readonly Service[]): void {
  const problems = new Problems();
  for (const { credentials } of services)
    for (const { path } of credentials) checkPrivate(root, path, problems);
  const missing = services.flatMap(({ unit, writes }) =>
    outsideState(writes).flatMap((path) => (existsSync(join(root, path)) ? [] : [{ unit, path }])),
  );
  for (const { unit, path } of missing)
    problems.add(
      `${path} is not there, where ${unit} keeps what it is for`,
      `make it, of the group of who reads there: sudo install -d -m 2775 -g <group> ${shellWord(path)}`,
    );
  problems.requireNone('the services of this machine');
}

function requireNoEdits(changes: readonly Change[], replaceEdited: boolean): void {
  const edited = changes.filter(({ kind }) => kind === 'edited').map(({ path }) => path);
  if (edited.length === 0 || replaceEdited) return;
  throw new OpsError('refused', `cannot replace ${edited.join(', ')}: changed by hand, or not from here`, {
    hint: 'put changes into a drop-in (systemctl edit …), then repeat with --replace-edited',
  });
}

function placesOf({ apps }: InstallRecord): AppPlace[] {
  return Object.entries(apps).map(([app, { environmentFile, configFile }]) => ({
    app,
    environmentFile,
    configFile,
  }));
}

function unitsIn(files: Record<string, string>): string[] {
  const names = Object.keys(files).map((path) => /\/(delta-[^/]+\.service)\.d\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

function goneUnits({ services }: InstallRecord, wanted: readonly Service[]): string[] {
  return unitsIn(services?.files ?? {}).filter((unit) => wanted.every((one) => one.unit !== unit));
}

/** In the order in which one thing needs another. */
async function bringUp(
  services: readonly Service[],
  changes: readonly Change[],
  machine: Machine,
): Promise<void> {
  await machine.run('systemd-sysusers', '/etc/sysusers.d/holdfast.conf');
  await machine.run('systemd-tmpfiles', '--create', '/etc/tmpfiles.d/holdfast.conf');
  await machine.run('systemctl', 'daemon-reload');
  await machine.run('systemctl', 'enable', '--now', '--quiet', ...sharedTimers);
  const isChanged = changes.some(({ kind, path }) => kind !== 'same' && /\/delta-/.test(path));
  for (const { unit } of services) await startService(unit, isChanged, machine);
}
