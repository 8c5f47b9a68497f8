// A machine that makes backups in pages by the night, whose state and store lie on disks that may be what a power cut has left of
// others: all that comes out of them has to be what it was in its night.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { type PagesPolicy, usualPages } from '../../../lib/backup/pages-policy.ts';
import { silentLog, silentProgress } from '../../../lib/base/log.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { makeScratch } from '../../../lib/files/scratch.ts';
import { openRepository } from '../../../lib/repository/open.ts';
import type { Added, Repository } from '../../../lib/repository/repository.ts';
import { makeIdentity, openWith, sealTo } from '../../../lib/seal/age.ts';
import { openDirectoryStore } from '../../../lib/store/directory/open.ts';
import { sha256 } from '../../contract/store-world.ts';
import { exampleManifest } from '../../lib/backup/examples.ts';
import { fixedClock } from '../fixed-clock.ts';
import { scratch } from '../scratch.ts';
import { filesBelow } from '../world.ts';

const { identity, recipient } = await makeIdentity();
const keys = { seal: sealTo([recipient]), opening: await openWith([identity]) };

/** How the app is backed up, and how large its database is. */
export interface Setting {
  pageSize: number;
  pageCount: number;
  policy?: Partial<PagesPolicy>;
  isSealed?: boolean;
  partBytesMax?: number;
}

const nameOf = (night: number, ending = '.pages') => `backups/ctv/ctv-202611${night}T020513Z${ending}`;

/** A machine whose state and store lie below a directory: each of them may be what a cut has left of another. */
export class DiskMachine {
  readonly root: string;
  readonly setting: Setting;

  constructor(root: string, setting: Setting) {
    this.root = root;
    this.setting = setting;
  }

  get ending(): string {
    return this.setting.isSealed === true ? '.pages.age' : '.pages';
  }

  async #open(night: number, atHour = 4) {
    const { policy, isSealed, partBytesMax } = this.setting;
    const clock = fixedClock(`2026-11-${night}T0${atHour}:00:00Z`);
    const store = await openDirectoryStore({
      ...{ path: join(this.root, 'store'), create: true, clock, log: silentLog },
    });
    const staging = store.stagingDirectory ?? this.root;
    const repository = openRepository({
      ...{
        store,
        clock,
        naming: { layout: 'app', app: 'ctv', timeZone: 'UTC', latestName: 'latest/ctv.db' },
      },
      ...{ pages: { ...usualPages, ...policy }, partBytesMax, remembered: () => [] },
      ...(isSealed === true ? keys : { seal: undefined, opening: undefined }),
      stateDirectory: join(this.root, 'state'),
      scratch: () => makeScratch(staging, { clock }),
      ...{ log: silentLog, progress: silentProgress, signal: new AbortController().signal },
      noteLeft: () => undefined,
    });
    return { store, repository, staging, clock };
  }

  /** The database as it is in that night: by one page it differs from any other. */
  bytes(night: number): Buffer {
    const { pageSize, pageCount } = this.setting;
    const bytes = Buffer.alloc(pageSize * pageCount);
    for (let page = 0; page < pageCount; page += 1) {
      const words = `page ${page}${page === night ? ' was changed' : ''}`;
      createHash('shake256', { outputLength: 300 })
        .update(words)
        .digest()
        .copy(bytes, page * pageSize);
    }
    return bytes;
  }

  /** One night: what a killed run had begun is finished, then there is another backup. */
  async night(night: number, { until }: { until?: Date } = {}): Promise<Added> {
    const { repository, staging, clock } = await this.#open(night);
    await repository.finishPending();
    await using own = await makeScratch(staging, { clock });
    await writeFile(own.file('copy.db'), this.bytes(night));
    const file = await digestFile(own.file('copy.db'));
    const { sizeBytes, sha256: hash, contentHash } = file;
    const { pageSize, pageCount } = this.setting;
    const takenAt = new Date(`2026-11-${night}T02:05:13.250Z`);
    const manifest = exampleManifest({
      ...{ backup: nameOf(night, this.ending), takenAt, sizeBytes, pageSize, pageCount },
      ...{ sha256: hash, contentHash },
    });
    return await repository.add({ file, manifest, refreshLatest: false, scratch: own, until });
  }

  async remove(...nights: number[]): Promise<void> {
    const { repository } = await this.#open(20);
    const there = new Set((await repository.list()).map(({ name }) => name));
    for (const name of nights.map((night) => nameOf(night, this.ending)).filter((name) => there.has(name)))
      await repository.remove(name);
  }

  /** What is listed; each backup that is sound has come out as it was. */
  async look(): Promise<Record<string, CatalogueEntry['state']>> {
    const { repository } = await this.#open(28);
    const entries = await repository.list();
    for (const entry of entries.filter(({ state }) => state === 'proven'))
      await this.#fetch(repository, entry);
    return Object.fromEntries(
      entries.map(({ name, state }) => [name.slice(-16 - this.ending.length), state]),
    );
  }

  /** Those that the next run has to finish, as they are listed. */
  spooled(): string[] {
    const records = filesBelow(this.root).filter((name) => name.endsWith('/spool.json'));
    return records.map((name) => name.slice(0, -'/spool.json'.length).slice(-16 - this.ending.length));
  }

  /** What lies about that no next run would take away. */
  left(): string[] {
    const spools = join(this.root, 'state/pages/ctv/spool');
    const spooled = existsSync(spools) ? readdirSync(spools) : [];
    // A scratch directory, which has a number of its own, is swept with the lock of the app.
    const temporary = filesBelow(this.root).filter((name) =>
      /^[^.]*\/\.holdfast-[0-9a-f]{16}\.tmp$/.test(name),
    );
    return [...spooled, ...temporary];
  }

  /** All that lies there, as one digest. */
  bytesOnDisk(): string {
    const files = filesBelow(this.root).map((name) => [name, sha256(readFileSync(join(this.root, name)))]);
    return sha256(JSON.stringify(files));
  }

  async #fetch(repository: Repository, entry: CatalogueEntry): Promise<void> {
    const night = Number(/202611(\d\d)T/.exec(entry.name)?.[1]);
    const { sha256: found } = await repository.fetch(entry, join(scratch(), 'copy.db'));
    expect([entry.name, found]).toEqual([entry.name, sha256(this.bytes(night))]);
  }
}
