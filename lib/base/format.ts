// Numbers and instants as people read them. Pure; machines get the plain values in --json.
import { localDateParts } from './calendar.ts';

/** Bytes in decimal units, as disks and Dropbox count: `1.4 GB`, `980 kB`, `12 B`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`;
}

/** A duration with its two largest units: `3 d 4 h`, `12 min`, `8 s`, `240 ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${seconds} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** An instant to the second with the offset of its zone, `2026-11-20 03:05:13 +01:00`; in UTC `2026-11-20 02:05:13Z`. */
export function formatInstant(instant: Date, timeZone = 'UTC'): string {
  const offset = offsetOf(instant, timeZone);
  return offset === '+00:00'
    ? `${formatWallTime(instant, timeZone)}Z`
    : `${formatWallTime(instant, timeZone)} ${offset}`;
}

/** The same without the offset, for a table whose head names the zone; `parseTime` reads it. */
export function formatWallTime(instant: Date, timeZone: string): string {
  return new Date(instant.getTime() + offsetMsOf(instant, timeZone))
    .toISOString()
    .slice(0, 19)
    .replace('T', ' ');
}

/** What a table says of the times in it: `times of Europe/Berlin`. */
export function zoneWords(timeZone: string): string {
  return `times of ${timeZone}`;
}

function offsetOf(instant: Date, timeZone: string): string {
  const minutes = Math.round(offsetMsOf(instant, timeZone) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

function offsetMsOf(instant: Date, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const { year, month, day, hour, minute, second } = localDateParts(instant, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant.getTime() / 1000) * 1000;
}

/** `1 table`, `12 tables`; thousands are grouped with commas. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${groupThousands(count)} ${count === 1 ? one : many}`;
}

/** 1802331 as `1,802,331`. */
export function groupThousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
