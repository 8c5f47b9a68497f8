// The one backup of a world, for tests that do something to it.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Json, World } from './world.ts';

export interface StoredBackup {
  /** Its whole name in the store. */
  name: string;
  /** The short name under which a person finds it: `20261120T020513Z`. */
  stamp: string;
  /** The paths of its two files. */
  data: string;
  manifest: string;
}

/** The backup `backedUpWorld` made. */
export function storedBackup(world: World): StoredBackup {
  const [name = ''] = world.stored().filter((path) => /^backups\/.*-\d{8}T\d{6}Z\.db$/.test(path));
  const data = `${world.store}/${name}`;
  return { name, stamp: name.slice(-19, -3), data, manifest: data.replace(/db$/, 'json') };
}

/** Changes what a manifest says. */
export function changeManifest(
  { manifest }: StoredBackup,
  change: (content: Record<string, Json>) => unknown,
): void {
  const content = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, Json>;
  change(content);
  writeFileSync(manifest, JSON.stringify(content));
}
