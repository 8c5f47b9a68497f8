// Measures how much is written to memory cards: the kernel counts sectors from each start of the machine on, so that what was
// counted is noted with each look.
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { WearFacts } from '../health/disk-wear.ts';
import { bootId, kernelNames, kernelNumber, kernelText, neededKernelText } from './kernel-files.ts';
import type { Probe, ProbeContext } from './probe.ts';

/** As /sys/block/<disk>/stat counts, whatever the disk has. */
const sectorBytes = 512;
const dayMs = 86_400_000;
/** As often a point of the day behind is kept. */
const pointEveryMs = 3_600_000;

export const diskWearProbe: Probe<WearFacts> = {
  async subjects({ root }) {
    const disks = await kernelNames(root, 'sys/block');
    const isCard = await Promise.all(disks.map(async (disk) => isMemoryCard(root, disk)));
    return disks.filter((_, index) => isCard[index]);
  },
  async measure(context, disk) {
    const { root } = context;
    const stat = await neededKernelText(root, join('sys/block', disk, 'stat'));
    const sinceStartBytes = Number(stat.split(/\s+/)[6]) * sectorBytes;
    if (!Number.isFinite(sinceStartBytes))
      throw new OpsError('io', `cannot read /sys/block/${disk}/stat: it says ${stat}`);
    return {
      ...written(context, disk, { boot: await bootId(root), sinceStartBytes }),
      sinceStartBytes,
      life: await lifeOf(root, disk),
    };
  },
};

/** SD cards, eMMC and USB sticks. A disk that has SMART says more of itself, and takes more. */
async function isMemoryCard(root: string, disk: string): Promise<boolean> {
  if (/^mmcblk\d+$/.test(disk)) return true;
  if (!/^sd[a-z]+$/.test(disk)) return false;
  const isRemovable = (await kernelNumber(root, join('sys/block', disk, 'removable'))) === 1;
  return isRemovable && ((await kernelNumber(root, join('sys/block', disk, 'size'))) ?? 0) > 0;
}

interface Note {
  boot: string;
  sinceStartBytes: number;
  /** Counted over all starts. */
  totalBytes: number;
  /** The total as it was, oldest first. */
  points: { at: number; totalBytes: number }[];
}

function written(
  { recall, remember, clock }: ProbeContext,
  disk: string,
  { boot, sinceStartBytes }: { boot: string; sinceStartBytes: number },
): Pick<WearFacts, 'writtenBytes' | 'overMs'> {
  const key = `disk-wear: ${disk}`;
  const now = clock.now().getTime();
  const before = parseNote(recall(key));
  // Another card in the same slot counts from nothing, as a start of the machine does.
  const isSame = before?.boot === boot && before.sinceStartBytes <= sinceStartBytes;
  const added =
    before === undefined ? 0 : isSame ? sinceStartBytes - before.sinceStartBytes : sinceStartBytes;
  const totalBytes = (before?.totalBytes ?? 0) + added;
  const kept = (before?.points ?? []).filter(({ at }) => at <= now);
  // One that is older than a day is the beginning, if no other is.
  const begin = kept.findLastIndex(({ at }) => now - at >= dayMs);
  const day = kept.slice(Math.max(0, begin));
  const points = now - (day.at(-1)?.at ?? 0) >= pointEveryMs ? [...day, { at: now, totalBytes }] : day;
  remember(key, JSON.stringify({ boot, sinceStartBytes, totalBytes, points } satisfies Note));
  const first = points[0] ?? { at: now, totalBytes };
  return { writtenBytes: totalBytes - first.totalBytes, overMs: now - first.at };
}

function parseNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as Partial<Note>;
    const { boot, sinceStartBytes, totalBytes, points } = note;
    if (typeof boot !== 'string' || typeof sinceStartBytes !== 'number' || typeof totalBytes !== 'number')
      return undefined;
    if (!Array.isArray(points)) return undefined;
    return { boot, sinceStartBytes, totalBytes, points };
  } catch {
    return undefined; // not ours, or cut off: it begins anew
  }
}

/** What an eMMC says: `0x01 0x02`, in tenths of its life for two kinds of its cells, 0 for unknown; and of its spare blocks, 1 to 3. */
async function lifeOf(root: string, disk: string): Promise<WearFacts['life']> {
  const tenths = (await kernelText(root, join('sys/block', disk, 'device/life_time')))
    ?.split(/\s+/)
    .map(Number);
  const spares = await kernelNumber(root, join('sys/block', disk, 'device/pre_eol_info'));
  const used = Math.max(0, ...(tenths ?? []).filter((tenth) => tenth > 0));
  if (used === 0 && (spares === undefined || spares === 0)) return undefined;
  return { usedPercent: used === 0 ? undefined : used * 10, spares };
}
