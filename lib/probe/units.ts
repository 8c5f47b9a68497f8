// Measures whether units are as they should be, by asking systemd.
import { guardedApps } from '../config/config.ts';
import { machine } from '../health/causes.ts';
import type { UnitsFacts } from '../health/units.ts';
import { askSystemd } from '../process/unit-properties.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { isStill, standingBy } from './standing-by.ts';
import { askUnits, isSystemdThere, ownUnits } from './systemd.ts';

/** All that is ours, as one. */
const ours = 'holdfast';

export const unitsProbe: Probe<UnitsFacts> = {
  async subjects(context) {
    if (!(await isSystemdThere(context.root))) return [];
    const own = await ourUnits(context);
    const named = namedUnits(context, await standingBy(context)).filter((name) => !name.endsWith('.timer')); // which have a check of their own
    return [...named, ...(own.length === 0 ? [] : [ours]), machine];
  },
  async measure(context, subject) {
    if (subject === machine) return { kind: 'others', failed: await othersFailed(context) };
    if (subject === ours) {
      const found = await askUnits(context, await ourUnits(context));
      return { kind: 'ours', units: found.map(({ unit }) => unit) };
    }
    const [found] = await askUnits(context, [subject]);
    if (found === undefined) throw new Error(`nothing was said of ${subject}`);
    return { kind: 'unit', unit: found.unit };
  },
};

/** What somebody named, and what apps stop for a restore: not those that are live elsewhere. */
function namedUnits({ config }: ProbeContext, standing: ReadonlySet<string> = new Set()): string[] {
  const live = guardedApps(config).filter(({ name }) => !standing.has(name));
  const services = live.flatMap((app) => app.services.units);
  return [...new Set([...services, ...config.health.units.names])];
}

async function ourUnits(context: ProbeContext): Promise<string[]> {
  const { services, paths } = await ownUnits(context.root);
  const standing = await standingBy(context);
  return [...services.filter((name) => !isStill(name, standing)), ...paths];
}

/** Without what has a word of its own, here or as a timer, and what may fail. */
async function othersFailed(context: ProbeContext): Promise<string[]> {
  const { run, signal, config, root } = context;
  const args = ['list-units', '--state=failed', '--plain', '--no-legend', '--full', '--no-pager'];
  const lines = (await askSystemd(run, 'systemctl', args, signal)).split('\n');
  const { services, paths, timers } = await ownUnits(root);
  const known = new Set([
    ...namedUnits(context),
    ...services,
    ...paths,
    ...timers,
    ...config.health.units.ignore,
  ]);
  return lines.flatMap((line) => /^(\S+)\s/.exec(line)?.[1] ?? []).filter((name) => !known.has(name));
}
