// Durations as people type them.

const units: Record<string, number> = { min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30min`, `8h`, `2d` or `1.5 h` in milliseconds; undefined for anything else, and for more than a year. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d{1,5}(?:\.\d{1,2})?) ?(min|h|d)$/.exec(text);
  const ms = Math.round(Number(found?.[1] ?? 0) * (units[found?.[2] ?? ''] ?? 0));
  return ms > 0 && ms <= 366 * 86_400_000 ? ms : undefined;
}
