// Facts for reports: a year of an app as it happens, with failures, a gap, growth, drills and incidents; always the same.
import type {
  CheckFacts,
  AppFacts,
  BackupFacts,
  IncidentFacts,
  ReportFacts,
  RestoreNeed,
  RunFacts,
} from '../../lib/report/facts.ts';

export const reportNow = new Date('2026-11-27T10:15:00Z');
const dayMs = 86_400_000;
const minuteMs = 60_000;

export function daysAgo(days: number): Date {
  return new Date(reportNow.getTime() - days * dayMs);
}

/** Nothing is known, and nothing was ever asked. */
export const emptyFacts: ReportFacts = {
  at: reportNow,
  timeZone: 'Europe/Berlin',
  host: 'pi5',
  version: '0.2.0',
  configOption: '',
  since: daysAgo(365),
  apps: [],
  checks: [],
  incidents: [],
  disks: [],
  rowChanges: { since: daysAgo(30), sources: [] },
  gaps: [],
};

export function check(given: Partial<CheckFacts> = {}): CheckFacts {
  return {
    check: 'backup-age',
    subject: 'ctv',
    verdict: 'ok',
    since: daysAgo(12),
    at: new Date(reportNow.getTime() - 2 * minuteMs),
    value: undefined,
    unit: 's',
    message: 'the newest proven backup is 9 h 10 min old',
    hint: undefined,
    failures: 0,
    recoveries: 1,
    alarmSince: undefined,
    hiddenBy: undefined,
    sampledAt: undefined,
    staleAfterMs: 30 * minuteMs,
    ...given,
  };
}

/** A year of nights of one app, at `hour` UTC: two failed, three were suspect, and for nine the machine was off. */
export function yearOf(
  name: string,
  { sizeBytes, hour, sends = true }: { sizeBytes: number; hour: number; sends?: boolean },
): AppFacts {
  const random = seeded(name);
  const backups: BackupFacts[] = [];
  const runs: RunFacts[] = [];
  for (let day = 364; day >= 0; day -= 1) {
    const isOff = day > 140 && day < 150;
    if (isOff) continue;
    const midnight = Math.floor(daysAgo(day).getTime() / dayMs) * dayMs;
    const startedAt = new Date(midnight + hour * 3_600_000 + random() * 10 * minuteMs);
    const isFailed = day === 61 || day === 212;
    const isSuspect = day === 33 || day === 32 || day === 290;
    const grown = sizeBytes * (1 + (365 - day) / 500 + random() / 40) * (day < 90 ? 0.8 : 1);
    const size = Math.round(isSuspect ? grown * 0.3 : grown);
    const seconds = 20 + (size / 12e6) * (0.8 + random() * 0.5) * (day > 200 && day < 230 ? 2.4 : 1);
    runs.push({
      startedAt,
      endedAt: new Date(startedAt.getTime() + (isFailed ? 9000 : seconds * 1000)),
      isDone: !isFailed && !isSuspect,
      isShared: false,
      sentBytes: !sends ? undefined : isFailed ? 1200 : size,
      message: isFailed ? 'cannot reach api.dropboxapi.com: no answer within 30 s' : undefined,
    });
    if (!isFailed) {
      const stored = { sizeBytes: size, storedBytes: size, level: undefined };
      backups.push({ takenAt: startedAt, ...stored, isSound: !isSuspect });
    }
  }
  const newest = backups.at(-1);
  return {
    name,
    database: `/opt/apps/${name}/data/production.db`,
    newest:
      newest === undefined
        ? undefined
        : {
            ...{ name: `${name}-20261127T02.db`, at: newest.takenAt },
            ...{ sizeBytes: newest.sizeBytes, storedBytes: newest.storedBytes },
          },
    oldestAt: daysAgo(331),
    provenCount: 43,
    provenNamed: 3,
    from: 'the store',
    pages: undefined,
    nextAt: new Date(reportNow.getTime() + 15.8 * 3_600_000),
    backups,
    runs,
    drills: Array.from({ length: 12 }, (_, index) => ({
      at: daysAgo(340 - index * 30),
      name: `${name}-drilled-${index}.db`,
      outcome: index === 5 ? 'failed' : 'passed',
      detail:
        index === 5
          ? 'integrity_check: row 812 missing from index bookings_by_day'
          : 'whole, 41 tables, 1,802,331 rows',
    })),
  };
}

/** An app in pages: 60 days of an increment an hour on one a day, on a full a month; a restore reads three at most. */
export function pagesApp(name: string, days = 60): AppFacts {
  const app = yearOf(name, { sizeBytes: 1.4e9, hour: 2 });
  const random = seeded(`pages of ${name}`);
  const backups: BackupFacts[] = [];
  const needs: RestoreNeed[] = [];
  let [fullBytes, dayBytes] = [0, 0];
  for (let hour = days * 24; hour > 0; hour -= 1) {
    const level = hour % 720 === 0 ? 0 : hour % 24 === 0 ? 1 : 2;
    const addedBytes = Math.round((level === 0 ? 253e6 : level === 1 ? 5e6 : 0.4e6) * (0.8 + random() * 0.4));
    if (level === 0) [fullBytes, dayBytes] = [addedBytes, 0];
    if (level === 1) dayBytes = addedBytes;
    const at = new Date(reportNow.getTime() - (hour - 0.2) * 3_600_000);
    backups.push({ takenAt: at, sizeBytes: 1.4e9, storedBytes: addedBytes, level, isSound: true });
    if (hour > 48 && level === 2) continue;
    const readBytes = level === 0 ? fullBytes : fullBytes + dayBytes + (level === 2 ? addedBytes : 0);
    needs.push({ at, level, addedBytes, readBytes, backups: level + 1 });
  }
  const full = backups.findLast(({ level }) => level === 0);
  return {
    ...{ ...app, backups, runs: [], nextAt: new Date(reportNow.getTime() + 0.8 * 3_600_000) },
    newest: {
      ...{ name: `${name}-20261127T09.pages`, at: backups.at(-1)?.takenAt ?? reportNow },
      ...{ sizeBytes: 1.4e9, storedBytes: backups.at(-1)?.storedBytes ?? 0 },
    },
    pages: {
      full: full && { takenAt: full.takenAt, storedBytes: full.storedBytes },
      increments: { count: 76, storedBytes: 170e6 },
      due: { since: daysAgo(2.5), why: 'the increments cost more than half of it' },
      needs,
    },
  };
}

/** The same app, where nothing is known of it but the last days. */
export function youngFacts(days: number): ReportFacts {
  const from = daysAgo(days);
  const app = yearOf('ctv', { sizeBytes: 1.1e9, hour: 2 });
  const young: AppFacts = {
    ...app,
    backups: app.backups.filter(({ takenAt }) => takenAt > from),
    runs: app.runs.filter(({ startedAt }) => startedAt > from),
    drills: app.drills.filter(({ at }) => at > from),
  };
  return { ...emptyFacts, apps: [young] };
}

/** What tries to be more than text, or is longer than anything has room for. */
export const hostileTexts = [
  '<script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onclick='x",
  '&lt;b&gt; &#60;',
  '--><!-- ',
  'a\u202egpj.exe\u0007\u001b[31m',
  '/srv/a-very-long-path-'.repeat(20),
  'x'.repeat(500),
  '日本語のアプリ'.repeat(40),
];

/** Everything that somebody else may have given a name or written a message of. */
export function withTexts(said: string): ReportFacts {
  const [app] = yearFacts().apps;
  if (app === undefined) throw new Error('there is no app');
  return {
    ...emptyFacts,
    host: said,
    gaps: [said],
    apps: [
      {
        ...{
          ...app,
          name: said,
          database: said,
          newest: { name: said, at: daysAgo(1), sizeBytes: 1, storedBytes: 1 },
        },
        backups: app.backups.slice(-40),
        runs: app.runs.slice(-70).map((run) => ({ ...run, message: said })),
        drills: [{ at: daysAgo(2), name: said, outcome: 'failed', detail: said }],
      },
    ],
    checks: [
      check({
        verdict: 'critical',
        check: said,
        subject: said,
        message: said,
        hint: said,
        hiddenBy: undefined,
      }),
    ],
    incidents: [
      { check: said, openedAt: daysAgo(3), closedAt: undefined, severity: 'critical', message: said },
    ],
    disks: [{ path: said, freeBytes: 1, used: [{ at: daysAgo(1), value: 50 }] }],
  };
}

/** Three apps, and a machine on which something is wrong now. */
export function yearFacts(): ReportFacts {
  const checks = [
    check({ check: 'clock', subject: 'machine', message: 'synchronised' }),
    check({
      check: 'disk-space',
      subject: '/',
      verdict: 'ok',
      message: '63 % used, 21 GB free (the state directory)',
    }),
    check({
      ...{ check: 'disk-space', subject: '/mnt/k-drive', verdict: 'warning', since: daysAgo(3.2) },
      ...{
        alarmSince: daysAgo(3.2),
        message: '87 % used, 61 GB free, full in about 41 d 3 h at the rate of the last days (the store)',
      },
      hint: 'what takes the room: du -xh -d 2 /mnt/k-drive | sort -h | tail -n 20',
    }),
    check({ check: 'store', subject: 'dropbox', message: 'answers in 340 ms, 1.2 TB free' }),
    check({ subject: 'ctv' }),
    check({ subject: 'babytrackd', message: 'the newest proven backup is 8 h 2 min old' }),
    check({
      ...{ subject: 'tagtracker', verdict: 'critical', since: daysAgo(1.1), alarmSince: daysAgo(1.1) },
      message:
        'the newest proven backup is 3 d 8 h old: tagtracker-20261124T02.db; there should be one every 1 d (the timer db-backup@tagtracker.timer)',
      hint: "make one: db-backup run --app tagtracker; whether it is started: systemctl list-timers 'db-backup*'",
    }),
    check({ check: 'backup-drill', subject: 'ctv', message: 'the last restore drill passed 10 d ago' }),
    check({
      check: 'wal',
      subject: 'ctv',
      verdict: 'warning',
      hiddenBy: 'disk-space of /mnt/k-drive',
      message: 'the log is 1.2 GB large: a reader from 02:00 holds it',
    }),
    check({ check: 'http', subject: 'booking page', message: 'answered 200 in 31 ms', unit: 'ms' }),
  ];
  const incident = (
    name: string,
    from: number,
    hours: number | undefined,
    severity: IncidentFacts['severity'],
  ): IncidentFacts => ({
    check: name,
    openedAt: daysAgo(from),
    closedAt: hours === undefined ? undefined : new Date(daysAgo(from).getTime() + hours * 3_600_000),
    severity,
    message:
      severity === 'critical'
        ? 'cannot reach api.dropboxapi.com: no answer within 30 s'
        : '87 % used, 61 GB free',
  });
  const ctv = yearOf('ctv', { sizeBytes: 1.1e9, hour: 2 });
  const late = yearOf('tagtracker', { sizeBytes: 38e6, hour: 3 });
  return {
    ...emptyFacts,
    apps: [
      ctv,
      yearOf('babytrackd', { sizeBytes: 240e6, hour: 1, sends: false }),
      {
        ...late,
        newest: { name: 'tagtracker-20261124T02.db', at: daysAgo(3.35), sizeBytes: 61e6, storedBytes: 61e6 },
        nextAt: undefined,
        backups: late.backups.slice(0, -3),
        runs: late.runs.slice(0, -3),
      },
    ],
    checks,
    incidents: [
      incident('health:backup-age@tagtracker', 1.1, undefined, 'critical'),
      incident('health:disk-space@mnt-k-drive', 3.2, undefined, 'warning'),
      incident('db-backup@ctv', 61, 22, 'critical'),
      incident('health:store@dropbox', 120, 52, 'critical'),
      incident('health:http@booking-page', 150, 216, 'critical'),
      incident('health:disk-space@mnt-k-drive', 180, 400, 'warning'),
      incident('db-backup@ctv', 212, 5, 'critical'),
      incident('health:temperature@soc', 240, 9, 'warning'),
    ],
    disks: [
      { path: '/', freeBytes: 21e9, used: disk(62, 0, 1) },
      { path: '/mnt/k-drive', freeBytes: 61e9, used: disk(50, 0.1, 2) },
    ],
  };
}

/** Percent used, four times a day over a year: growth, a clearing up, and hours with scratch files. */
function disk(start: number, perDay: number, seed: number): { at: Date; value: number }[] {
  const random = seeded(String(seed));
  return Array.from({ length: 365 * 4 }, (_, index) => {
    const day = index / 4;
    const cleared = day > 200 && perDay > 0 ? 12 : 0;
    const scratch = random() > 0.97 ? 4 : 0;
    return {
      at: daysAgo(365 - day),
      value: start + perDay * day * 1.35 - cleared + random() * 0.4 + scratch,
    };
  });
}

/** Numbers from 0 to 1 that look like chance, and are the same each time. */
function seeded(text: string): () => number {
  let state = [...text].reduce(
    (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0,
    0x811c9dc5,
  );
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
