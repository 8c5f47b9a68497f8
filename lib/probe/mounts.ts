// Measures whether mounts are there and answer: the kernel's table says what is mounted without asking any of them, and each is
// asked by a program of its own that can be given up.
import { OpsError } from '../base/errors.ts';
import type { MountAnswer, MountFacts } from '../health/mounts.ts';
import { askProgram } from '../process/abandon.ts';
import { awaited } from './file-systems.ts';
import { readMounts } from './mount-table.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { askUnits, isSystemdThere } from './systemd.ts';

const timeoutMs = 5000;

export const mountsProbe: Probe<MountFacts> = {
  subjects: ({ config }) => config.health.mounts.paths,
  async measure(context, path) {
    const mount = (await readMounts(context.root)).find(({ point }) => point === path);
    if (mount?.type === awaited) return { kind: 'awaited' };
    if (mount === undefined) return notSeen(context, path);
    const { type, source } = mount;
    return { kind: 'mounted', type, source, answer: await ask(context, path) };
  },
};

/**
 * Its file system, and then its first directory: of a share for one user alone the first is answered to others without asking
 * it. A question for nothing would be too, so that it is for something.
 */
const question = 'stat --file-system --format=%b -- "$1" && stat --format=%Y -- "$1"';

async function ask({ signal, clock }: ProbeContext, path: string): Promise<MountAnswer> {
  const start = clock.monotonicMs();
  try {
    await askProgram('sh', ['-c', question, 'sh', path], { timeoutMs, signal });
    return { answered: true, afterMs: clock.monotonicMs() - start };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    // "stat: cannot statx '/mnt/x': Stale file handle"
    const words = error.message.slice(error.message.lastIndexOf(': ') + 2);
    return { answered: false, words, isRefusal: words === 'Permission denied' };
  }
}

/** From inside of the sandbox of a unit not everything is seen that the machine has mounted: systemd knows. */
async function notSeen(context: ProbeContext, path: string): Promise<MountFacts> {
  const unit = `${unitNameOf(path)}.mount`;
  const state = await stateOf(context, path, unit);
  if (state.kind !== 'missing') return state;
  return { ...state, below: await lookBelow(context, path) };
}

async function stateOf(context: ProbeContext, path: string, unit: string): Promise<MountFacts> {
  const missing = { kind: 'missing', below: 'unknown', unit, unitState: '' } as const;
  if (!(await isSystemdThere(context.root))) return missing;
  try {
    const [mount, automount] = await askUnits(context, [unit, `${unitNameOf(path)}.automount`], ['What']);
    if (mount?.unit.active === 'active') return { kind: 'hidden', source: mount.properties.text('What') };
    if (automount?.unit.active === 'active') return { kind: 'awaited' };
    const { load = '', active = '', result = '' } = mount?.unit ?? {};
    return {
      ...missing,
      unitState: load !== 'loaded' ? load : active === 'failed' ? `failed: ${result}` : active,
    };
  } catch (error) {
    if (error instanceof OpsError) return missing; // the table said enough
    throw error;
  }
}

const look = `[ -d "$1" ] || { echo nothing; exit; }
first=$(find "$1" -mindepth 1 -maxdepth 1 -print -quit) || { echo unknown; exit; }
if [ -n "$first" ]; then echo filled; else echo empty; fi`;

async function lookBelow(
  { signal }: ProbeContext,
  path: string,
): Promise<'nothing' | 'empty' | 'filled' | 'unknown'> {
  try {
    const { stdout } = await askProgram('sh', ['-c', look, 'sh', path], { timeoutMs, signal });
    const word = stdout.trim();
    return word === 'nothing' || word === 'empty' || word === 'filled' ? word : 'unknown';
  } catch (error) {
    if (error instanceof OpsError) return 'unknown'; // a directory above it may be on a mount that is gone
    throw error;
  }
}

/** The name of a mount's unit without its ending, as systemd-escape(1) makes it of a path. */
export function unitNameOf(path: string): string {
  const plain = path
    .split('/')
    .filter((part) => part !== '')
    .join('/');
  if (plain === '') return '-';
  return [...Buffer.from(plain)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      if (character === '/') return '-';
      const isPlain = /[A-Za-z0-9:_.]/.test(character) && !(index === 0 && character === '.');
      return isPlain ? character : String.raw`\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
