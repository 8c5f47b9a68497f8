// How the backups of an app in pages stand, and what they take on this machine, for who asks.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogueEntry, newestProven } from '../../../lib/backup/catalogue.ts';
import { standingOf } from '../../../lib/backup/full-due.ts';
import { formatByName } from '../../../lib/backup/name.ts';
import { systemError } from '../../../lib/base/errors.ts';
import { formatBytes, formatCount, formatDuration } from '../../../lib/base/format.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { ifPathThere } from '../../../lib/files/if-there.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { neededBackups } from '../../steps/needed-backups.ts';
import { ago } from '../../steps/words.ts';

/** In which formats an app is backed up, and how often between its nights. */
export interface FormatInfo {
  formats: readonly string[];
  everyMs: number | undefined;
  /** Undefined for an app without pages. */
  pages: PagesInfo | undefined;
}

interface PagesInfo {
  /** The newest full that can be built on; undefined where there is none. */
  full: { name: string; takenAt: Date; storedBytes: number } | undefined;
  /** Those on it that are there. */
  increments: { count: number; storedBytes: number };
  /** Why a new full is due, and since when; undefined where none is. */
  due: { since: Date; why: string } | undefined;
  /** What a restore of the newest one fetches; undefined where there is none. */
  newestNeeds: { backups: number; fetchBytes: number } | undefined;
  /** On this machine: the full that is kept, and all of it with the digests and what waits to be sent. */
  kept: { fullBytes: number; allBytes: number };
}

export async function formatInfo(
  { config }: JobContext,
  { name, formats, everyMs, pages: policy }: GuardedApp,
  entries: readonly CatalogueEntry[],
): Promise<FormatInfo> {
  const inPages = entries.filter((entry) => formatByName(entry.name) === 'pages');
  if (!formats.includes('pages') && inPages.length === 0) return { formats, everyMs, pages: undefined };
  const newest = newestProven(inPages);
  const needed = newest && neededBackups(newest, entries);
  const directory = join(config.stateDirectory, 'pages', name);
  const pages = {
    ...standingOf(entries, { policy, timeZone: config.timeZone }),
    newestNeeds: needed && { backups: needed.chain?.length ?? 1, fetchBytes: needed.fetchBytes },
    kept: { fullBytes: await bytesAt(join(directory, 'full.db')), allBytes: await bytesAt(directory) },
  };
  return { formats, everyMs, pages };
}

/** What a person reads of it; nothing where a file a night is all there is. */
export function formatLines({ formats, everyMs, pages }: FormatInfo, now: Date): string[] {
  const often = everyMs === undefined ? 'every night' : `every night, and every ${formatDuration(everyMs)}`;
  if (pages === undefined && everyMs === undefined) return [];
  return [
    `  format: ${formats.join(' and ')}, ${often}`,
    ...(pages === undefined ? [] : pagesLines(pages, now)),
  ];
}

function pagesLines({ full, increments, due, newestNeeds, kept }: PagesInfo, now: Date): string[] {
  const onIt = `${formatCount(increments.count, 'increment')} on it, ${formatBytes(increments.storedBytes)}`;
  return [
    full === undefined
      ? '  pages: no full that can be built on; the next backup is one'
      : `  pages: full ${full.name}, ${formatBytes(full.storedBytes)}, ${ago(full.takenAt, now)}; ${onIt}`,
    ...(due === undefined ? [] : [`  pages: a new full is due: ${due.why}`]),
    ...(newestNeeds === undefined
      ? []
      : [
          `  pages: a restore of the newest fetches ${formatBytes(newestNeeds.fetchBytes)} (${formatCount(newestNeeds.backups, 'backup')})`,
        ]),
    `  pages: take ${formatBytes(kept.allBytes)} on this machine, ${formatBytes(kept.fullBytes)} of that the full that is kept`,
  ];
}

/** Of a file, or of all that lies below a directory; 0 where there is nothing, and for what goes meanwhile. */
async function bytesAt(path: string): Promise<number> {
  try {
    const found = await ifPathThere(stat(path));
    if (found === undefined) return 0;
    if (!found.isDirectory()) return found.size;
    const names = (await ifPathThere(readdir(path))) ?? [];
    const sizes = await Promise.all(names.map((name) => bytesAt(join(path, name))));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (error) {
    throw systemError(`look at ${path}`, error);
  }
}
