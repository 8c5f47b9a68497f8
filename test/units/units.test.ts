// The units as systemd reads them: no mistake in them, and a sandbox that stays as tight as it was measured.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { dropInText } from '../../units/install/drop-in.ts';
import { hourlyTimerText } from '../../units/install/hourly-times.ts';
import { unitText } from '../../units/install/wanted.ts';

const folder = resolve(import.meta.dirname, '../../units');
const names = readdirSync(folder).filter((name) => /\.(service|timer|path|slice)$/.test(name));
const services = names.filter((name) => name.endsWith('.service'));
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.skipIf(!hasAnalyze)('systemd', () => {
  test('finds nothing wrong in any unit or sample', () => {
    const home = scratch();
    for (const name of names) writeFileSync(join(home, name), unitText(name));
    const samples = readdirSync(join(folder, 'samples')).map((name) => join(folder, 'samples', name));
    const all = [...names.map((name) => join(home, name)), ...samples];
    const { stderr } = spawnSync('systemd-analyze', ['verify', ...all], { encoding: 'utf8' });
    // Their programs are where they will be installed, not here.
    expect(stderr.split('\n').filter((line) => line !== '' && !line.includes('is not executable'))).toEqual(
      [],
    );
  });

  test.each(services)('gives %s no more exposure than was measured', (name) => {
    const score = exposure(unitText(name));
    console.log(`exposure of ${name}: ${score} of at most ${limitOf(name)}`);
    expect(score).toBeLessThanOrEqual(limitOf(name));
  });

  test.each([
    ['a file', undefined],
    ['of a server', { socket: '/var/run/postgresql' }],
  ])('gives a job no more exposure with what belongs to an app whose database is %s', (_, server) => {
    const dropIn = dropInText({
      app: 'ctv',
      user: 'holdfast',
      group: 'ctvapps',
      writes: ['/srv/app/data', '/srv/backups'],
      configPath: undefined,
      environmentFile: undefined,
      lockFile: '/tmp/ctv-db-sync.lock',
      documents: undefined,
      isStandby: false,
      isMaintained: false,
      everyMs: 3_600_000,
      delta: undefined,
      serve: undefined,
      server,
      credentials: [
        { name: 'dropbox-refresh-token', path: '/etc/holdfast/credentials/dropbox-refresh-token' },
      ],
    });
    const unit = unitText('db-backup@.service');
    expect(exposure(`${unit}\n${dropIn}`)).toBeLessThanOrEqual(limitOf('db-backup@.service'));
  });
});

describe('every service', () => {
  test.each(services)('%s has a time limit, and logs to the namespace that survives a reboot', (name) => {
    const text = unitText(name);
    expect(text).toMatch(/^TimeoutStartSec=\d/m);
    expect(text).toMatch(/^LogNamespace=holdfast$/m);
    expect(text).toMatch(/^Slice=holdfast-jobs\.slice$/m);
  });

  test.each([
    'db-backup@.service',
    'db-backup-hourly@.service',
    'restore-drill@.service',
    'restore-standby@.service',
    'db-export-json@.service',
    'health-check.service',
  ])('%s tells its failure and its progress', (name) => {
    const text = unitText(name);
    expect(text).toMatch(/^OnFailure=job-failed@%N\.service$/m);
    expect(text).toMatch(/^NotifyAccess=all$/m);
  });

  test('a job is slowed down before it is ended, and ended before all of them are, on a machine of any size', () => {
    const percent = (name: string, key: string) =>
      Number(new RegExp(`^${key}=(\\d+)%$`, 'm').exec(unitText(name))?.[1]);
    for (const name of ['db-backup@.service', 'restore-drill@.service', 'db-export-json@.service']) {
      const limits = [percent(name, 'MemoryHigh'), percent(name, 'MemoryMax')];
      expect([...limits, percent('holdfast-jobs.slice', 'MemoryMax')]).toEqual([50, 60, 75]);
    }
  });

  test('job-failed@ and holdfast-state reach no network', () => {
    for (const name of ['job-failed@.service', 'holdfast-state.service'])
      expect(unitText(name)).toMatch(/^PrivateNetwork=yes\nRestrictAddressFamilies=none\nIPAddressAllow=$/m);
  });
});

describe('a service that goes on', () => {
  const goingOn = services.filter((name) => /^Type=notify$/m.test(unitText(name)));

  test('is each that people or replicas ask, or that asks all the time', () => {
    const ours = goingOn.filter((name) => name.startsWith('delta-'));
    expect(ours).toEqual(['delta-pull@.service', 'delta-receive.service', 'delta-serve@.service']);
  });

  test.each(goingOn.filter((name) => name.startsWith('delta-')))(
    '%s says that it is ready and alive, is started again, and tells its failure',
    (name) => {
      const text = unitText(name);
      expect(text).toMatch(/^NotifyAccess=all$/m);
      expect(text).toMatch(/^WatchdogSec=60$/m);
      expect(text).toMatch(/^Restart=on-failure$/m);
      expect(text).toMatch(/^OnFailure=job-failed@%N\.service$/m);
      expect(text).toMatch(/^WantedBy=multi-user\.target$/m);
      expect(text).toMatch(/^TimeoutStopSec=1min$/m);
      expect(text.lastIndexOf('Type=notify')).toBeGreaterThan(text.lastIndexOf('Type=oneshot'));
    },
  );
});

describe('the timer of an app with every', () => {
  const periods = Array.from({ length: 12 * 60 - 14 }, (_, index) => index + 15).filter(
    (minutes) => 1440 % minutes === 0,
  );

  test('starts as often as that says, the same distance apart over midnight, and before the hour', () => {
    expect(periods).toHaveLength(25);
    for (const minutes of periods) {
      const calendars = calendarsOf(minutes);
      const times = calendars.flatMap(timesOf).sort((a, b) => a - b);
      expect(times, `${minutes} min`).toEqual(
        Array.from({ length: 1440 / minutes }, (_, index) => (57 % minutes) + index * minutes),
      );
      expect(calendars.length, `${minutes} min`).toBeLessThanOrEqual(15); // systemd is asked about each
      expect(hourlyTimerText('ctv', minutes * 60_000)).toMatch(
        new RegExp(`^RandomizedDelaySec=${Math.min(300, minutes * 6)}s$`, 'm'),
      );
    }
    expect(calendarsOf(60)).toEqual(['*-*-* *:57:00 UTC']);
    expect(calendarsOf(15)).toEqual(['*-*-* *:12,27,42,57:00 UTC']);
    expect(calendarsOf(720)).toEqual(['*-*-* 00,12:57:00 UTC']);
  });

  test.skipIf(!hasAnalyze)('has times that systemd understands', () => {
    const all = [15, 45, 60, 90, 96].flatMap(calendarsOf);
    const { status, stderr } = spawnSync('systemd-analyze', ['calendar', ...all], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  function calendarsOf(minutes: number): string[] {
    const found = hourlyTimerText('ctv', minutes * 60_000).matchAll(/^OnCalendar=(.+)$/gm);
    return [...found].map(([, calendar = '']) => calendar);
  }

  /** Minutes of a day. */
  function timesOf(calendar: string): number[] {
    const [, hours = '', minutes = ''] = /^\*-\*-\* ([\d,*]+):([\d,]+):00 UTC$/.exec(calendar) ?? [];
    const all = hours === '*' ? Array.from({ length: 24 }, (_, hour) => hour) : hours.split(',').map(Number);
    return all.flatMap((hour) => minutes.split(',').map((minute) => hour * 60 + Number(minute)));
  }
});

describe('db-backup-info@', () => {
  // What the shell in it does with what info ends with: bad news is what people ask for, and no failure of the unit.
  test.each([
    { info: 0, ends: 0, prints: 'info ctv\n\nlist-backups ctv\n' },
    { info: 1, ends: 0, prints: 'info ctv\n\nlist-backups ctv\n' },
    { info: 69, ends: 69, prints: 'info ctv\n' },
  ])('prints what there is where info ends with $info', ({ info, ends, prints }) => {
    const text = unitText('db-backup-info@.service');
    const home = scratch();
    writeFileSync(
      join(home, 'db-backup'),
      `#!/bin/sh\necho "$1 $3"\n[ "$1" = list-backups ] || exit ${info}\n`,
      { mode: 0o755 },
    );
    const line = /^ExecStart=\/bin\/sh -c '(.*)' sh %i$/m.exec(text)?.[1] ?? '';
    const script = line.replaceAll(/\S*\/bin\/db-backup/g, join(home, 'db-backup'));
    const { status, stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', 'ctv'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: ends, stdout: prints });
    expect(text).toMatch(/^SuccessExitStatus=1$/m);
  });
});

/** Tenths, as systemd-analyze rounds them; docs/decisions/sandbox.md says what each of them is for. */
function limitOf(name: string): number {
  if (name === 'health-check.service') return 1.2; // it sees the whole system: mounts and disks are what it asks about
  return name === 'job-failed@.service' ? 0.2 : 1.1;
}

function exposure(text: string): number {
  const unit = join(scratch(), 'job@.service');
  writeFileSync(unit, text);
  const said = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
    encoding: 'utf8',
  });
  return Number(/exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
}

describe('what root by hand may have made first', () => {
  const project = join(import.meta.dirname, '../..');
  const conf = readFileSync(join(project, 'etc/tmpfiles/holdfast.conf'), 'utf8');
  const code = execFileSync('grep', ['-rhoE', "(stateDirectory|runDirectory), '[a-z-]+'", 'lib', 'jobs'], {
    cwd: project,
    encoding: 'utf8',
  });
  /** The fallback for who may not write below /run; what only root writes; what is a folder of the place for locks. */
  const others = ['/var/lib/holdfast/run', '/var/lib/holdfast/secrets', '/run/holdfast/locks'];
  const places = [...new Set(code.trim().split('\n'))].map((found) => {
    const [, kind, name] = /^(state|run)Directory, '(.*)'$/.exec(found) ?? [];
    return `${kind === 'run' ? '/run' : '/var/lib'}/holdfast/${name}`;
  });

  test.each(places.filter((place) => !others.includes(place)))(
    '%s is given to the jobs before each of them',
    (place) => {
      expect(conf).toMatch(new RegExp(`^Z +${place} `, 'm'));
    },
  );

  test.each(places.filter((place) => place.startsWith('/run/')))(
    '%s is there, where the jobs may make nothing',
    (place) => {
      expect(conf).toMatch(new RegExp(`^d +${place} .*holdfast +holdfast`, 'm'));
    },
  );
});
