// What Holdfast counts on from the machine, for a doctor: a journal that stays, a clock that is right before the timers are, a
// watchdog, and a limit of memory that holds.
import { OpsError } from '../base/errors.ts';
import { askSystemd, showUnits } from '../process/unit-properties.ts';
import { amiss, type DoctorContext, type Looked, type Part, well } from './doctor.ts';
import { namesAt, textAt } from './doctor-files.ts';
import { kernelNames, kernelText } from './kernel-files.ts';
import { knownRecord } from './install-record.ts';
import { isSystemdThere } from './systemd.ts';

/** What was logged has to be there after a crash: that of the system, and ours, which goes its own way. */
export const journal: Part = async (context) => {
  const { root } = context;
  const looked: Looked[] = [];
  const own = await storageOf(root, 'journald@holdfast');
  if (Object.keys(knownRecord(root).apps).length > 0 && own !== 'persistent')
    looked.push(
      amiss(
        'journal',
        `what the jobs log is gone after the next start (Storage=${own ?? 'auto'} for the namespace holdfast)`,
        'write [Journal] and Storage=persistent into /etc/systemd/journald@holdfast.conf, then: ' +
          'sudo systemctl restart systemd-journald@holdfast.service',
      ),
    );
  const storage = (await storageOf(root, 'journald')) ?? 'auto';
  const isKept =
    storage === 'persistent' || (storage === 'auto' && (await namesAt(root, '/var/log')).includes('journal'));
  if (!isKept && (await isLogging(context)))
    looked.push(
      amiss(
        'journal',
        `what the rest of the system logs is gone after the next start (Storage=${storage}), and with it why it ended`,
        String.raw`sudo mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\nStorage=persistent\n' | sudo tee /etc/systemd/journald.conf.d/99-persistent.conf && sudo systemctl restart systemd-journald`,
      ),
    );
  return looked.length > 0
    ? looked
    : [well('journal', 'it stays, the one of the jobs and the one of the system')];
};

async function isLogging({ root, isRunning }: DoctorContext): Promise<boolean> {
  return isRunning ? isSystemdThere(root) : (await textAt(root, '/etc/systemd/journald.conf')) !== undefined;
}

const systemdDirectories = ['/usr/lib/systemd', '/usr/local/lib/systemd', '/run/systemd', '/etc/systemd'];

/** As systemd reads it: the first main file that there is, then drop-ins by name, each name once and from the latest place. */
async function storageOf(root: string, name: string): Promise<string | undefined> {
  const dropIns = new Map<string, string>();
  let main: string | undefined;
  for (const directory of systemdDirectories) {
    main = (await textAt(root, `${directory}/${name}.conf`)) ?? main;
    const folder = `${directory}/${name}.conf.d`;
    for (const file of await namesAt(root, folder))
      if (file.endsWith('.conf')) dropIns.set(file, (await textAt(root, `${folder}/${file}`)) ?? '');
  }
  const texts = [main ?? '', ...[...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)];
  const settings = texts.flatMap((text) => [...text.matchAll(/^\s*Storage\s*=\s*(\S*)\s*$/gm)]);
  return settings.at(-1)?.[1] || undefined;
}

/** Timers that go by a wrong time start nothing, or all at once; a machine without power has none that it could go by. */
export const clock: Part = async ({ root, run, signal, isRunning }) => {
  if (!isRunning || !(await isSystemdThere(root)) || (await isContainer(root))) return [];
  const waits = ['systemd-time-wait-sync.service', 'chrony-wait.service'];
  const shown = await showUnits(run, waits, ['LoadState', 'UnitFileState'], signal);
  const isWaiting = shown.some(({ text }) => text('UnitFileState').startsWith('enabled'));
  const hasClock = (await kernelNames(root, 'sys/class/rtc')).length > 0;
  const without = 'this machine has no clock that goes on without power';
  if (isWaiting)
    return [
      well(
        'clock',
        hasClock ? 'timers wait for the right time' : `${without}, but timers wait for the right time`,
      ),
    ];
  return [
    amiss(
      'clock',
      `${hasClock ? '' : `${without}, and `}timers do not wait for the right time after a start`,
      'sudo systemctl enable systemd-time-wait-sync.service',
    ),
  ];
};

/** A machine that hangs is started anew by its hardware alone. */
export const watchdog: Part = async ({ root, run, signal, isRunning }) => {
  if (!isRunning || !(await isSystemdThere(root)) || (await isContainer(root))) return [];
  if ((await kernelNames(root, 'sys/class/watchdog')).length === 0)
    return [well('watchdog', 'this machine has none')];
  const said = await askSystemd(run, 'systemctl', ['show', '--property=RuntimeWatchdogUSec'], signal);
  const span = /^RuntimeWatchdogUSec=(.*)$/m.exec(said)?.[1];
  if (span === undefined) throw new OpsError('unavailable', 'cannot see the watchdog: systemd does not say');
  if (span !== '0' && span !== 'infinity')
    return [well('watchdog', `a machine that hangs starts anew after ${span}`)];
  return [
    amiss(
      'watchdog',
      'the hardware has one, and it is off: a machine that hangs stays so',
      String.raw`sudo mkdir -p /etc/systemd/system.conf.d && printf '[Manager]\nRuntimeWatchdogSec=15s\n' | sudo tee /etc/systemd/system.conf.d/50-watchdog.conf && sudo systemctl daemon-reexec`,
    ),
  ];
};

/** Without it what limits the memory of the jobs limits nothing. */
export const memoryLimit: Part = async ({ root, isRunning }) => {
  if (!isRunning) return [];
  const controllers = await kernelText(root, 'sys/fs/cgroup/cgroup.controllers');
  if (controllers?.split(' ').includes('memory') === true)
    return [well('memory limit', 'the kernel keeps the jobs to it')];
  return [
    amiss(
      'memory limit',
      controllers === undefined
        ? 'the kernel has no unified control groups here: what the units say of memory may hold nobody'
        : 'the kernel limits the memory of no service: a job could take what the app needs',
      'append cgroup_enable=memory cgroup_memory=1 to the line in /boot/firmware/cmdline.txt, then: sudo reboot',
    ),
  ];
};

/** There clock and hardware are the affair of the machine outside. */
async function isContainer(root: string): Promise<boolean> {
  return (await kernelText(root, 'run/systemd/container')) !== undefined;
}
