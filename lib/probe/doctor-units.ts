// The units of Holdfast, for a doctor: installed for every app, as they were written, switched on, held in as was measured, and
// with no secret in what every user of the machine can see of them.
import { resolve } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { secretVariables } from '../base/secret-variables.ts';
import { shellWord } from '../base/shell-word.ts';
import { type FileApp, type GuardedApp, guardedApps, isFileApp } from '../config/config.ts';
import { askSystemd, showUnits, type UnitProperties } from '../process/unit-properties.ts';
import { amiss, asRoot, type DoctorContext, type Looked, type Part, unknownOf, well } from './doctor.ts';
import { textAt } from './doctor-files.ts';
import { hashOf, type InstallRecord, knownRecord, readRecord } from './install-record.ts';
import { isSystemdThere, ownUnits } from './systemd.ts';

const project = resolve(import.meta.dirname, '../..');

function install(app: string): string {
  return `cd ${shellWord(project)} && sudo npm run units -- install --app ${shellWord(app)}`;
}

const installServices = `cd ${shellWord(project)} && sudo npm run units -- install --services`;

/** Each app that is guarded has its units, and each file of them is as it was written. */
export const installedFiles: Part = async ({ config, root }) => {
  const record = readRecord(root);
  const missing = guardedApps(config).filter(({ name }) => record.apps[name] === undefined);
  const written = [record.shared, ...Object.values(record.apps).map(({ files }) => files)];
  const files = Object.entries(Object.assign({}, ...written) as Record<string, string>);
  const [app = ''] = Object.keys(record.apps);
  const hidden: string[] = [];
  const looked: Looked[] = [];
  for (const [path, hash] of files) {
    const text = await textAt(root, path).catch((error: unknown) => {
      if (!(error instanceof OpsError)) throw error;
      hidden.push(path);
      return null;
    });
    if (text === undefined)
      looked.push(amiss('unit files', `${path} is gone, which was installed`, install(app)));
    else if (text !== null && hashOf(text) !== hash)
      looked.push(
        amiss(
          'unit files',
          `${path} was changed by hand: the next installation would not go on, or take it away`,
          `put what is yours into a drop-in (systemctl edit), then: ${install(app)} --replace-edited`,
        ),
      );
  }
  const unseen = new OpsError('denied', `cannot read ${hidden.join(', ')}: permission denied`);
  return [
    ...missing.map(({ name }) =>
      amiss('unit files', `no units are installed for ${name}: nothing backs it up by itself`, install(name)),
    ),
    ...looked,
    ...(hidden.length === 0 ? [] : [unknownOf('unit files', unseen)]),
    ...(looked.length + missing.length + hidden.length > 0 || files.length === 0
      ? []
      : [well('unit files', `all ${files.length} are as they were installed`)]),
  ];
};

/** Without systemd nobody can tell any of this. */
export const units: Part = async (context) => {
  const { root, isRunning } = context;
  if (!isRunning) return [];
  if (!(await isSystemdThere(root)))
    return [
      {
        subject: 'systemd',
        verdict: 'unknown',
        message:
          'it does not look after this machine: what starts the jobs, what holds them in and what watches the machine cannot be known',
        hint: 'see that something starts them: crontab -l',
      },
    ];
  const record = knownRecord(root);
  return [...(await enabled(context, record)), ...(await services(context, (await ownUnits(root)).services))];
};

/** A unit that has to be on, and what puts it there where it is missing. */
interface Wanted {
  readonly name: string;
  readonly install: string;
}

/** What has to be on: of each app, of what belongs to none, and what all share. */
async function enabled({ config, run, signal }: DoctorContext, record: InstallRecord): Promise<Looked[]> {
  const apps = guardedApps(config).filter(({ name }) => record.apps[name] !== undefined);
  const [first] = apps;
  const ofApps = apps.flatMap((app) => wanted(unitsOf(app), install(app.name)));
  const ofMachine = wanted(servicesOf(config), installServices);
  const shared = ['alert-send.timer', 'alert-send.path', 'health-check.timer'];
  const all = [
    ...ofApps,
    ...ofMachine,
    ...(ofApps.length + ofMachine.length === 0
      ? []
      : wanted(shared, first ? install(first.name) : installServices)),
  ];
  if (all.length === 0) return [];
  const properties = ['LoadState', 'UnitFileState', 'ActiveState'];
  const names = all.map(({ name }) => name);
  const shown = await showUnits(run, names, properties, signal);
  const off = all.flatMap((unit, index) => stateOf(unit, shown[index]));
  return off.length > 0 ? off : [well('timers', `all ${all.length} are enabled and wait`)];
}

function wanted(names: readonly string[], how: string): Wanted[] {
  return names.map((name) => ({ name, install: how }));
}

function unitsOf(app: GuardedApp): string[] {
  const hourly = app.everyMs === undefined ? [] : ['db-backup-hourly'];
  const timers = ['db-backup', ...hourly, 'restore-drill', ...(isFileApp(app) ? jobsOf(app) : [])];
  const served = isFileApp(app) && app.serve !== undefined ? [`delta-serve@${app.name}.service`] : [];
  return [...timers.map((job) => `${job}@${app.name}.timer`), ...served];
}

function jobsOf(app: FileApp): string[] {
  return [
    ...(app.standby === undefined ? [] : ['restore-standby']),
    ...(app.export === undefined ? [] : ['db-export-json']),
    ...(app.maintain === undefined ? [] : ['db-maintain']),
    ...(app.delta === undefined ? [] : ['delta-push']),
  ];
}

/** What belongs to the machine, where it is configured. */
function servicesOf({ receive, pulls }: DoctorContext['config']): string[] {
  return [
    ...(receive === undefined ? [] : ['delta-receive.service']),
    ...pulls.map(({ name }) => `delta-pull@${name}.service`),
  ];
}

function stateOf({ name, install: how }: Wanted, shown: UnitProperties | undefined): Looked[] {
  const isService = name.endsWith('.service');
  const subject = isService ? 'services' : 'timers';
  const text = (property: string) => shown?.text(property) ?? '';
  const start = `sudo systemctl enable --now ${shellWord(name)}`;
  if (text('LoadState') === 'masked')
    return [amiss(subject, `${name} is masked`, `sudo systemctl unmask ${shellWord(name)} && ${start}`)];
  if (text('LoadState') !== 'loaded')
    return [amiss(subject, `${name} is not there for systemd (${text('LoadState')})`, how)];
  if (text('UnitFileState') !== 'enabled')
    return [amiss(subject, `${name} is ${text('UnitFileState')}: after the next start it is off`, start)];
  if (text('ActiveState') === 'active') return [];
  const lacking = isService ? 'nobody does its work' : 'it starts nothing';
  return [amiss(subject, `${name} is ${text('ActiveState')}: ${lacking}`, start)];
}

const serviceProperties = [
  ...['Id', 'Type', 'User', 'SupplementaryGroups', 'NeedDaemonReload', 'TimeoutStartUSec', 'Environment'],
];

async function services(context: DoctorContext, names: readonly string[]): Promise<Looked[]> {
  const { run, signal } = context;
  const shown = await showUnits(run, names, serviceProperties, signal);
  const looked: Looked[] = [];
  for (const [index, name] of names.entries()) {
    const properties = shown[index];
    if (properties === undefined) continue;
    looked.push(...settingsOf(name, properties), ...(await exposureOf(context, name, properties)));
  }
  return looked.length > 0 || names.length === 0
    ? looked
    : [
        well(
          'services',
          `all ${names.length} are held in as was measured, have a limit of time, and show no secret`,
        ),
      ];
}

function settingsOf(name: string, { text, spanMs }: UnitProperties): Looked[] {
  const looked: Looked[] = [];
  if (text('NeedDaemonReload') === 'yes')
    looked.push(
      amiss(
        'services',
        `${name} was changed, and systemd goes by what it was before`,
        'sudo systemctl daemon-reload',
      ),
    );
  if (text('Type') === 'oneshot' && spanMs('TimeoutStartUSec') === undefined)
    looked.push(
      amiss(
        'services',
        `${name} has no limit of time: if it hangs, its timer never starts it again`,
        `take TimeoutStartSec= out of what is set beside the unit: systemctl cat ${shellWord(name)}`,
      ),
    );
  const secrets = variablesIn(text('Environment')).filter(isSecret);
  if (secrets.length > 0)
    looked.push({
      subject: 'services',
      verdict: 'critical',
      message: `${name} has ${secrets.join(', ')} in Environment=, which every user of this machine can read`,
      hint:
        `take it out (systemctl edit ${shellWord(name)}), and give the job a new one in a file: ` +
        `sudo install -m 600 /dev/stdin /etc/holdfast/credentials/<name>`,
    });
  return looked;
}

/** Names of what `systemctl show` prints as `A=b "C=d e"`. */
function variablesIn(environment: string): string[] {
  return [...environment.matchAll(/(?:^| )"?([A-Za-z_]\w*)=/g)].map(([, name = '']) => name);
}

function isSecret(name: string): boolean {
  return (
    secretVariables.some((known) => known === name) || /(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY)$/i.test(name)
  );
}

/** Tenths, as systemd-analyze rounds them: docs/decisions/sandbox.md says what each of them is for. */
function exposureLimit(name: string, hasGroups: boolean): number {
  const tenths = name.startsWith('job-failed@') ? 2 : name === 'health-check.service' ? 12 : 11;
  return (tenths + (hasGroups ? 1 : 0)) / 10;
}

/** As root, which somebody asked for, a job is held in by less, and there is nothing to compare. */
async function exposureOf(
  { run, signal }: DoctorContext,
  name: string,
  { text }: UnitProperties,
): Promise<Looked[]> {
  if (text('User') === 'root' || text('User') === '') return [];
  const said = await askSystemd(run, 'systemd-analyze', ['security', '--no-pager', name], signal);
  const exposure = /exposure level for .*: ([\d.]+)/.exec(said)?.[1];
  if (exposure === undefined)
    return [
      {
        subject: 'services',
        verdict: 'unknown',
        message: `systemd does not say how ${name} is held in`,
        hint: asRoot,
      },
    ];
  const limit = exposureLimit(name, text('SupplementaryGroups') !== '');
  if (Number(exposure) <= limit) return [];
  return [
    amiss(
      'services',
      `${name} is held in less than it was (systemd-analyze security: ${exposure}, it was ${limit.toFixed(1)})`,
      `what is set beside the unit: systemctl cat ${shellWord(name)}`,
    ),
  ];
}
