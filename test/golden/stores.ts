// Directory stores as commands left them, with plain files that are databases.
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { manifestName } from '../../lib/backup/name.ts';
import { parseManifest } from '../../lib/backup/manifest.ts';
import { silentLog } from '../../lib/base/log.ts';
import { readStoreMark } from '../../lib/store/directory/marker.ts';
import { openDirectoryStore } from '../../lib/store/directory/open.ts';
import { formatStoreMark, parseStoreMark, type StoreMark } from '../../lib/store/mark.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { type Goldens, text } from './golden.ts';

export const stores: Goldens = {
  'store/app/': {
    read: look,
    value: {
      'backups/ctv/before-the-move.db': 'proven, 3 orders',
      'backups/ctv/ctv-20261127T025054Z.db': 'proven, 3 orders',
      'latest/ctv.db': '3 orders',
    },
  },
  'store/classic/': {
    read: look,
    value: {
      'backups/database_backup_20261127_035057.db': 'proven, 3 orders',
      'database.db': '3 orders',
    },
  },
  // As the hint of a store without a marker told a person to write it before there was an init.
  'store/by-hand/': { read: look, value: {} },
  'store/dropbox/.holdfast-store': text<StoreMark>(
    (content) => parseStoreMark(content, { called: 'Dropbox', hint: '' }),
    { id: '0f1e2d3c4b5a69788796a5b4c3d2e1f0' },
    ({ id = '' }) => formatStoreMark(id),
  ),
  'store/marked/': {
    read: async (path) => ({ ...(await look(path)), ...(await readStoreMark(path)) }),
    value: { id: '0f1e2d3c4b5a69788796a5b4c3d2e1f0' },
  },
};

/** What each database of the store at `path` holds, and whether its bytes are those that a manifest vouches for. */
async function look(path: string): Promise<Record<string, string>> {
  const root = join(scratch(), basename(path));
  await cp(path, root, { recursive: true });
  const store = await openDirectoryStore({ path: root, clock: fixedClock(), log: silentLog });
  const names = (await store.list('')).map(({ name }) => name);
  const found: Record<string, string> = {};
  for (const name of names.filter((each) => each.endsWith('.db'))) {
    const copy = join(scratch(), 'copy.db');
    const digest = await store.get(name, copy);
    const proof = manifestName(name);
    const manifest = names.includes(proof)
      ? parseManifest(Buffer.from(await store.read(proof)).toString('utf8'), proof)
      : undefined;
    const isProven = manifest?.sha256 === digest.sha256 && manifest.contentHash === digest.contentHash;
    found[name] = `${isProven ? 'proven, ' : ''}${ordersIn(copy)} orders`;
  }
  return found;
}

function ordersIn(path: string): number {
  const database = new Database(path, { readonly: true });
  try {
    return Number(database.prepare('SELECT count(*) FROM orders').pluck().get());
  } finally {
    database.close();
  }
}
