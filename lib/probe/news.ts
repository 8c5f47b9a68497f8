// What is new of something that only grows until the machine starts anew: a counter, or bits that stay. One look sees it once, so
// that it is kept in mind for a while: long enough for two looks, and for a person to be told.
import type { ProbeContext } from './probe.ts';

interface Note {
  boot: string;
  value: number;
  /** What was new, and when it was seen. */
  news: { at: number; value: number }[];
}

/** How two values are compared, and how two pieces of news become one. */
interface Growth {
  added(before: number, now: number): number;
  together(one: number, other: number): number;
}

export const counter: Growth = {
  added: (before, now) => Math.max(0, now - before),
  together: (one, other) => one + other,
};

export const stickyBits: Growth = {
  added: (before, now) => now & ~before,
  together: (one, other) => one | other,
};

const keptMs = 3_600_000;

/**
 * What has come within the last hour to what is `value` now. At the first look nothing is new: nobody knows since when it is
 * so. After a start of the machine everything is.
 */
export function newsOf(
  { recall, remember, clock }: Pick<ProbeContext, 'recall' | 'remember' | 'clock'>,
  key: string,
  { boot, value, growth }: { boot: string; value: number; growth: Growth },
): number {
  const now = clock.now().getTime();
  const before = parseNote(recall(key));
  const from = before === undefined ? value : before.boot === boot ? before.value : 0;
  const added = growth.added(from, value);
  const recent = (before?.news ?? []).filter(({ at }) => at <= now && now - at < keptMs);
  const news = added === 0 ? recent : [...recent, { at: now, value: added }];
  remember(key, JSON.stringify({ boot, value, news } satisfies Note));
  return news.reduce((sum, one) => growth.together(sum, one.value), 0);
}

function parseNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    const { boot, value, news } = JSON.parse(text) as Partial<Note>;
    if (typeof boot !== 'string' || typeof value !== 'number' || !Array.isArray(news)) return undefined;
    return {
      boot,
      value,
      news: news.filter(({ at, value: one }) => typeof at === 'number' && typeof one === 'number'),
    };
  } catch {
    return undefined; // not ours, or cut off: as if there were none
  }
}
