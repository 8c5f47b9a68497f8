// systemd, as it answered on a booted Debian: 252 of Debian 12 and 257 of Debian 13, each with units in every state that checks tell
// apart. test/fixtures/systemd has what systemctl printed there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRunner } from '../../lib/base/command.ts';
import { OpsError } from '../../lib/base/errors.ts';

export const systemdVersions = ['252', '257'] as const;

export interface SystemdStandIn {
  run: CommandRunner;
  /** When it was asked, and how long the machine was up. */
  now: Date;
  uptime: string;
  /** Every call. */
  asked: string[][];
}

/** `elapse`: what systemd-analyze says of a calendar, the first time after an instant. */
export function systemdStandIn(
  version: (typeof systemdVersions)[number],
  elapse: (calendar: string, after: Date) => Date | undefined = () => undefined,
): SystemdStandIn {
  const text = readFileSync(join(import.meta.dirname, '../fixtures/systemd', `${version}.txt`), 'utf8');
  const parts = new Map(
    text.split(/^#### /m).flatMap((part) => {
      const end = part.indexOf('\n');
      return end < 0 ? [] : [[part.slice(0, end), part.slice(end + 1)] as const];
    }),
  );
  const part = (name: string) =>
    parts.get(name) ??
    (parts.get(`nosuch${name.slice(name.lastIndexOf('.'))}`) ?? '').replaceAll('nosuch', name);
  const asked: string[][] = [];
  const answer = (words: readonly string[]): string => {
    const names = words.slice(words.indexOf('--') + 1);
    if (words[1] === 'systemctl' && words[2] === 'show') return names.map(part).join('\n');
    if (words[0] === 'systemctl' && words[1] === 'list-units') return part('failed');
    if (words[0] === 'systemd-analyze') {
      const base = /--base-time=@(\d+)/.exec(words.join(' '))?.[1];
      return elapsed(names[0] ?? '', elapse(names[0] ?? '', new Date(Number(base) * 1000)));
    }
    throw new Error(`nobody has written down what ${words.join(' ')} says`);
  };
  return {
    asked,
    now: new Date(part('now').trim()),
    uptime: part('uptime'),
    run: async (command, args) => {
      const words = command === 'env' ? [command, ...args.slice(1)] : [command, ...args];
      asked.push([command, ...args]);
      return { exitCode: 0, stdout: answer(words), stderr: '' };
    },
  };
}

/** As it prints where the machine is in another zone than UTC. */
function elapsed(calendar: string, at: Date | undefined): string {
  const form = `Normalized form: ${calendar}\n`;
  if (at === undefined) return `${form}    Next elapse: never\n`;
  const utc = at.toISOString().slice(0, 19).replace('T', ' ');
  return `${form}    Next elapse: Sat 2026-01-01 00:00:00 CET\n       (in UTC): Sat ${utc} UTC\n       From now: 59min left\n`;
}

/** What its programs say where it cannot be reached, and where it does not answer. */
export const deafSystemds: [string, OpsError][] = [
  [
    'is not what booted the machine',
    new OpsError('io', 'cannot run env: exit code 1: Failed to connect to bus: Host is down'),
  ],
  ['is hidden by a sandbox', new OpsError('io', "cannot run env: exit code 1: Can't operate.")],
  [
    'has no bus',
    new OpsError('io', 'cannot run env: exit code 1: Failed to connect to bus: No such file or directory'),
  ],
  [
    'is not installed',
    new OpsError('io', "cannot run env: exit code 127: env: 'systemctl': No such file or directory"),
  ],
  ['does not answer', new OpsError('unavailable', 'cannot run env: it took longer than 8.0 s')],
];
