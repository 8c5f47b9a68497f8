// What systemd says of its units: systemctl show, read. Times in UTC, whatever the zone of the machine, for an abbreviation
// like CET says nothing to a program.
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';

/** The properties of one unit, by name. */
export interface UnitProperties {
  /** `''` where it is empty, or this systemd does not know it. */
  text(name: string): string;
  /** One that is listed several times. */
  all(name: string): readonly string[];
  /** Undefined where it is empty. */
  time(name: string): Date | undefined;
  /** In milliseconds; undefined where it is empty or endless. */
  spanMs(name: string): number | undefined;
}

const timeoutMs = 8000;
/** So many at once: of long output a runner keeps the end alone. */
const unitsAtOnce = 5;

/**
 * Asks for properties of units, in the order of the names. A unit that there is not has them too, with a `LoadState` that says
 * so. Throws OpsError `unavailable` where systemd cannot be asked, or does not answer.
 */
export async function showUnits(
  run: CommandRunner,
  units: readonly string[],
  properties: readonly string[],
  signal?: AbortSignal,
): Promise<UnitProperties[]> {
  const found: UnitProperties[] = [];
  for (let at = 0; at < units.length; at += unitsAtOnce) {
    const some = units.slice(at, at + unitsAtOnce);
    const args = ['TZ=UTC', 'systemctl', 'show', `--property=${properties.join(',')}`, '--', ...some];
    const blocks = (await askSystemd(run, 'env', args, signal))
      .split(/\n\n+/)
      .filter((block) => block.trim() !== '');
    if (blocks.length !== some.length)
      throw new OpsError(
        'unavailable',
        `cannot ask systemd for ${some.join(', ')}: it answered for ${blocks.length} of them`,
      );
    found.push(...blocks.map(parseProperties));
  }
  return found;
}

/** The output of one of systemd's programs. Throws OpsError `unavailable` with its last words, and the signal's reason. */
export async function askSystemd(
  run: CommandRunner,
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  try {
    return (await run(command, args, { timeoutMs, signal })).stdout;
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const cause = error.message.replace(/^cannot run [^:]+: (exit code \d+: )?/, '');
    throw new OpsError('unavailable', `cannot ask systemd: ${cause}`, {
      hint: 'see whether it answers: systemctl is-system-running',
      cause: error,
    });
  }
}

/** One block of `systemctl show`. */
function parseProperties(block: string): UnitProperties {
  const values = new Map<string, string[]>();
  for (const line of block.split('\n')) {
    const equals = line.indexOf('=');
    if (equals <= 0) continue;
    const name = line.slice(0, equals);
    values.set(name, [...(values.get(name) ?? []), line.slice(equals + 1)]);
  }
  const all = (name: string) => values.get(name) ?? [];
  const text = (name: string) => all(name)[0] ?? '';
  return { all, text, time: (name) => parseTime(text(name)), spanMs: (name) => parseSpanMs(text(name)) };
}

/** `Sat 2026-11-28 01:05:40 UTC`; undefined for anything else. */
function parseTime(text: string): Date | undefined {
  const found = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/.exec(text);
  return found === null ? undefined : new Date(`${found[1]}T${found[2]}Z`);
}

/** The first time in the output of `systemd-analyze calendar`; undefined for a calendar that has none left. */
export function parseElapse(output: string): Date | undefined {
  return output
    .split('\n')
    .filter((line) => /^\s*(Next elapse|\(in UTC\)|Iter(ation|\.) #\d+):/.test(line))
    .map((line) => parseTime(line))
    .find((time) => time !== undefined);
}

// As systemd.time(7) has them, with the length of a month and a year there.
const unitsMs: Record<string, number> = {
  ...{ us: 0.001, μs: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, day: 86_400_000, d: 86_400_000 },
  ...{ w: 604_800_000, month: 2_629_800_000, y: 31_557_600_000 },
};

/** `7h 38min 19.898s` in milliseconds; undefined for `infinity` and what is no span. */
export function parseSpanMs(text: string): number | undefined {
  if (text === '0') return 0;
  let ms: number | undefined;
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zμ]+)/g)) {
    const length = unitsMs[unit] ?? unitsMs[unit.replace(/s$/, '')];
    if (length === undefined) return undefined;
    ms = (ms ?? 0) + Number(count) * length;
  }
  return ms;
}
