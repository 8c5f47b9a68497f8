// Measures memory, by /proc.
import { OpsError } from '../base/errors.ts';
import { machine } from '../health/causes.ts';
import type { MemoryFacts } from '../health/memory.ts';
import { bootId, kernelText, neededKernelText } from './kernel-files.ts';
import { counter, newsOf } from './news.ts';
import type { Probe } from './probe.ts';

export const memoryProbe: Probe<MemoryFacts> = {
  subjects: async ({ root }) => ((await kernelText(root, 'proc/meminfo')) === undefined ? [] : [machine]),
  async measure(context) {
    const { root } = context;
    const sizes = parseSizes(await neededKernelText(root, 'proc/meminfo'));
    const size = (name: string) => sizes.get(name) ?? 0;
    const totalBytes = size('MemTotal');
    if (totalBytes === 0) throw new OpsError('io', 'cannot read /proc/meminfo: it names no MemTotal');
    const pressure = await kernelText(root, 'proc/pressure/memory');
    return {
      totalBytes,
      availableBytes: Math.min(
        totalBytes,
        sizes.get('MemAvailable') ?? size('MemFree') + size('Buffers') + size('Cached'),
      ),
      swapTotalBytes: size('SwapTotal'),
      swapFreeBytes: size('SwapFree'),
      waitedPercent: numberIn(/^some .*\bavg300=([\d.]+)/m, pressure),
      killed: await killedOf(context),
    };
  },
};

async function killedOf(context: Parameters<typeof memoryProbe.measure>[0]): Promise<number> {
  const value = numberIn(/^oom_kill (\d+)$/m, await kernelText(context.root, 'proc/vmstat'));
  if (value === undefined) return 0;
  return newsOf(context, 'memory: killed', { boot: await bootId(context.root), value, growth: counter });
}

/** In bytes, by name: `MemTotal:       24684084 kB`. */
function parseSizes(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name = '', kB]) => [name, Number(kB) * 1024]),
  );
}

function numberIn(pattern: RegExp, text: string | undefined): number | undefined {
  const found = pattern.exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
