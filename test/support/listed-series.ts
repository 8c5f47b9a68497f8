// A series of backups in pages as a store lists it, for commands that look and fetch nothing: its objects are only as long as
// their manifests say.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatManifest, type Manifest, parseManifest } from '../../lib/backup/manifest.ts';
import { backupName, manifestName } from '../../lib/backup/name.ts';
import { formatSealedManifest, sealedManifest } from '../../lib/backup/sealed-manifest.ts';
import { storedId, type StoredObject } from '../../lib/backup/stored-part.ts';
import { storedBackup } from './stored-backup.ts';
import type { World } from './world.ts';

/** Object sizes of a full, of an increment on it, and of one on that. */
export const seriesBytes = [4000, 300, 20] as const;

/**
 * Puts such a series into the store, a second after the one plain backup of the world and a second apart, sealed where there are
 * recipients; returns the names, full first.
 */
export function putListedSeries(
  world: World,
  recipients?: string[],
): [full: string, first: string, second: string] {
  const plain = storedBackup(world);
  const from = parseManifest(readFileSync(plain.manifest, 'utf8'), plain.name);
  const links: { name: string; id: string }[] = [];
  const names = seriesBytes.map((sizeBytes, level) => {
    const takenAt = new Date(from.takenAt.getTime() + 1000 * (level + 1));
    const name = backupName('app', from.app, takenAt, {
      timeZone: 'UTC',
      format: 'pages',
      isSealed: recipients !== undefined,
    });
    const objects = [putObject(world, name, sizeBytes)];
    const [full, base] = [links[0], links.at(-1)];
    const pages = { series: '5'.repeat(32), sequence: level, level, full, base, changedPages: sizeBytes };
    const manifest: Manifest = {
      ...from,
      backup: name,
      takenAt,
      stored: { objects, pages, recipients },
    };
    const text =
      recipients === undefined
        ? formatManifest(manifest)
        : formatSealedManifest(sealedManifest(manifest, 'c2VhbGVk'));
    writeFileSync(join(world.store, manifestName(name)), text);
    links.push({ name, id: storedId(objects) });
    return name;
  });
  return names as [string, string, string];
}

function putObject(world: World, name: string, sizeBytes: number): StoredObject {
  const bytes = Buffer.alloc(sizeBytes, name);
  writeFileSync(join(world.store, name), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, sizeBytes, sha256, contentHash: sha256 };
}
