// Manifests that say how a backup lies in a store, in objects of its own and sealed or not. What is sealed was sealed by age itself.
import { readFile } from 'node:fs/promises';
import { formatManifest, type Manifest, parseManifest } from '../../lib/backup/manifest.ts';
import {
  formatSealedManifest,
  isSealed,
  parseAnyManifest,
  requireOwnText,
  type SealedManifest,
  sealableBytesMax,
} from '../../lib/backup/sealed-manifest.ts';
import type { BackupLink, StoredPart } from '../../lib/backup/stored-part.ts';
import { openWith } from '../../lib/seal/age.ts';
import { type Golden, type Goldens, text } from './golden.ts';
import { least } from './manifests.ts';

/** Opens nothing but what lies here. */
const identity = 'AGE-SECRET-KEY-1M75HKRNS3ELXPQTP5967U9207GQXHP43PYXT8HPSAVAJTSKML8DQV2V5FR';
const recipients = [
  'age1lusmcqt4fqek7gju7ysz5uh89fm80jrns7gk3m9retvzrfqxh4nsxhf94t',
  'age1hxhyvjnsva3xh8yalw3csfwxyc96selvhfh7ffjruxc7u8y0ruesjgaa6v',
];
const [sha256, contentHash] = [least.sha256, least.contentHash];
const series = '4f1d2c3b5a697887a6b5c4d3e2f10918';

const full: Manifest = {
  ...least,
  backup: 'backups/ctv/ctv-20261120T020513Z.pages',
  stored: {
    objects: [
      { name: 'backups/ctv/ctv-20261120T020513Z.pages', sizeBytes: 149_998_112, sha256, contentHash },
      {
        name: 'backups/ctv/ctv-20261120T020513Z+2.pages',
        sizeBytes: 7_341,
        sha256: contentHash,
        contentHash: sha256,
      },
    ],
    pages: { series, sequence: 0, level: 0, full: undefined, base: undefined, changedPages: 1000 },
    recipients: undefined,
  },
};

const fullLink = {
  name: full.backup,
  id: '00f3af0f457b00ab5bce052be98a81c3b76ac1a6747b353b18ddac74199602ff',
};
const day = {
  name: 'backups/ctv/ctv-20261121T020513Z.pages',
  id: 'f3c1a5b79d2e4f60818293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8',
};

/** Of level 2, the eleventh that was added. */
const increment: Manifest = {
  ...least,
  backup: 'backups/ctv/ctv-20261121T030513Z.pages',
  takenAt: new Date('2026-11-21T03:05:13.250Z'),
  suspect: ['rows fell from 175 to 1'],
  stored: {
    objects: [{ name: 'backups/ctv/ctv-20261121T030513Z.pages', sizeBytes: 6_885, sha256, contentHash }],
    pages: { series, sequence: 11, level: 2, full: fullLink, base: day, changedPages: 31 },
    recipients: undefined,
  },
};

const inside = {
  plain: sealedAs(least, '.db.age', undefined),
  pages: sealedAs(increment, '.pages.age', increment.stored),
};

/** What is in the sealed text: the whole manifest, of a backup whose objects are sealed. */
function sealedAs(manifest: Manifest, ending: string, stored: StoredPart | undefined): Manifest {
  const backup = manifest.backup.replace(/\.[a-z]+$/, ending);
  const objects = [{ name: backup, sizeBytes: 4_098_216, sha256: contentHash, contentHash: sha256 }];
  const { full: on, base } = stored?.pages ?? {};
  const aged = (link: BackupLink | undefined) => link && { ...link, name: `${link.name}.age` };
  const pages = stored?.pages && { ...stored.pages, full: aged(on), base: aged(base) };
  return { ...manifest, backup, stored: { objects, pages, recipients } };
}

/** What is in clear, without the sealed text, which is other each time, and what comes out of that. */
function sealed(manifest: Manifest): Golden {
  const { app, backup, takenAt, engine, host, sizeBytes, holdfastVersion, runId, clock, stored } = manifest;
  const isSuspect = manifest.suspect.length > 0;
  const clear = {
    app,
    backup,
    takenAt,
    engine,
    host,
    sizeBytes,
    holdfastVersion,
    runId,
    clock,
    isSuspect,
    stored,
  };
  return {
    read: async (path) => {
      const read = parseAnyManifest(await readFile(path, 'utf8'), path);
      if (!isSealed(read)) throw new Error(`${path} is not sealed`);
      const { sealed: age, ...rest } = read;
      const opening = await openWith([identity]);
      const opened = await opening.openText(Buffer.from(age, 'base64'), sealableBytesMax);
      return { clear: rest, inside: requireOwnText(read, parseManifest(opened, path)), age };
    },
    value: { clear, inside: manifest, age: expectedText },
    format: ({ clear: rest, age }: { clear: Omit<SealedManifest, 'sealed'>; age: string }) =>
      formatSealedManifest({ ...rest, sealed: age }),
  };
}

/** Equal to any text: what age has made is other each time. */
const expectedText = {
  asymmetricMatch: (other: unknown) => typeof other === 'string' && other.length > 1000,
};

export const storedManifests: Goldens = {
  'manifest/v4-pages-full.json': text(parseManifest, full, formatManifest),
  'manifest/v4-pages-increment.json': text(parseManifest, increment, formatManifest),
  'manifest/v4-sealed-plain.json': sealed(inside.plain),
  'manifest/v4-sealed-pages.json': sealed(inside.pages),
};
