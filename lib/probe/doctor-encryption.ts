// For whom backups are sealed, for a doctor: to be compared with the page in the safe, which no machine can read.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '../backup/manifest.ts';
import { OpsError } from '../base/errors.ts';
import { guardedApps } from '../config/config.ts';
import { ifPathThere } from '../files/if-there.ts';
import { readRecord } from '../files/read-small-file.ts';
import { type Looked, type Part, amiss, well } from './doctor.ts';

const manifestBytesMax = 1024 * 1024;

/** The keys of the configuration, and of each app the newest backup that was sealed here, where it is for others. */
export const encryption: Part = async ({ config, root }) => {
  const keys = config.encryption?.recipients;
  if (keys === undefined) return [];
  const looked = [
    well('encryption', `backups are sealed for ${keys.join(', ')}: one of these is on the page in the safe`),
  ];
  for (const { name } of guardedApps(config)) {
    const newest = await newestSealed(join(root, config.stateDirectory, 'sealed', name));
    const isSame = newest?.keys.length === keys.length && keys.every((key) => newest.keys.includes(key));
    if (newest !== undefined && !isSame) looked.push(sealedForOthers(name, newest));
  }
  return looked;
};

interface Sealed {
  backup: string;
  keys: readonly string[];
}

function sealedForOthers(app: string, { backup, keys }: Sealed): Looked {
  return amiss(
    'encryption',
    `the newest backup of ${app}, ${backup}, is sealed for other keys: ${keys.join(', ')}`,
    `make one for those of the configuration: db-backup backup --app ${app}`,
  );
}

/** As this machine remembers it; undefined where it remembers none. */
async function newestSealed(directory: string): Promise<Sealed | undefined> {
  const name = ((await ifPathThere(readdir(directory))) ?? []).sort().at(-1);
  const text = name === undefined ? undefined : await readRecord(join(directory, name), manifestBytesMax);
  if (name === undefined || text === undefined) return undefined;
  try {
    const { backup, stored } = parseManifest(text, name);
    return { backup, keys: stored?.recipients ?? [] };
  } catch (error) {
    if (error instanceof OpsError) return undefined; // it helps, and is never needed
    throw error;
  }
}
