// Backups in pages, as objects and manifests in a store, and the digests that are kept of one.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseManifest } from '../../lib/backup/manifest.ts';
import { readDigests } from '../../lib/repository/pages/page-digests.ts';
import type { ChainLink } from '../../lib/repository/pages/link-reader.ts';
import { rebuildPages } from '../../lib/repository/pages/rebuild.ts';
import { scratch } from '../support/scratch.ts';
import type { Goldens } from './golden.ts';

const folder = 'backups/ctv';
const fullId = '0ac5ab3bb3bee1074ffa7a0f974cbeb4585d8fa20842aaaa8da17d41b30ecacc';

/** Each backup of the store, rebuilt from itself and those before it: its database's SHA-256 is the one in its manifest. */
async function rebuildAll(store: string): Promise<Record<string, string>> {
  const target = scratch();
  const chain: ChainLink[] = [];
  const rebuilt: Record<string, string> = {};
  const manifests = (await readdir(join(store, folder))).filter((name) => name.endsWith('.json')).sort();
  for (const name of manifests) {
    const { backup, sizeBytes, sha256, stored } = parseManifest(
      await readFile(join(store, folder, name), 'utf8'),
      name,
    );
    if (stored === undefined) throw new Error(`${name} says nothing of objects`);
    const open = async (object: { name: string }) => join(store, object.name);
    chain.push({ manifest: { backup, sizeBytes, stored }, open, release: () => undefined });
    const digest = await rebuildPages({ target: join(target, basename(backup)), chain });
    rebuilt[basename(backup)] = digest.sha256 === sha256 ? digest.sha256 : 'not what its manifest says';
  }
  return rebuilt;
}

async function digestsOf(path: string) {
  const kept = await readDigests(path);
  return (
    kept && { ...kept, digests: { ...kept.digests, bytes: Buffer.from(kept.digests.bytes).toString('hex') } }
  );
}

export const pages: Goldens = {
  'pages/': {
    read: rebuildAll,
    value: {
      'ctv-20261120T020513Z.pages': '3eb3c1361c1a5278ebc1d11d32ccac218295b7855ee816233d459587c3827c4a',
      'ctv-20261121T020513Z.pages': '3b005739cd0ec7c6626962f612bf47a615e9256cd73749272b71f54e2ab1c7ab',
      'ctv-20261121T030513Z.pages': '7302f3d8710fcd54c2ac735e83dd9da5eb9827e4271d025da491c9531c10d316',
    },
  },
  'state/pages/ctv/digests/ctv-20261120T020513Z': {
    read: digestsOf,
    value: {
      backup: { name: 'backups/ctv/ctv-20261120T020513Z.pages', id: fullId },
      digests: {
        pageSize: 512,
        pageCount: 12,
        bytes:
          '6a6f794dd19f3b877b548a65765b6876dffa19c4cc15dfd88f91188b8bd001ab052356c0d635eecb58e01be0af13d5681cee99dc860e317b64e160934aa8dfd228aaa2daffa1ae749f278f76cf2d74589abe0a253fc2514d372b759be14c7268038a6fc0644b01816c5766eed6e670ba567aad62ae702330842dd0add057214d590d3a951e25b6b4f785ad3430df1e22d2b33178eee6640f2b76c21df1094c16b00c3150edab9047bdd61e085625ccb8f2e22cf534e331fab1afa818f47eade7',
      },
    },
  },
};
