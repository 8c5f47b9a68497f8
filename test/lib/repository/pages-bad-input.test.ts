// What may be wrong with a store, a machine or a database between two runs, for backups in pages: what the list says of it,
// what a restore gives, and what the next run makes. Nothing is ever handed out that is not what was backed up.
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type CatalogueEntry, storedPartOf } from '../../../lib/backup/catalogue.ts';
import { manifestName } from '../../../lib/backup/name.ts';
import { storedId } from '../../../lib/backup/stored-part.ts';
import { usualPages } from '../../../lib/backup/pages-policy.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { sqliteSource } from '../../../lib/sqlite/sqlite-source.ts';
import { wholeHouse } from '../../support/pages/house.ts';
import { Ground, Machine } from '../../support/pages/machine.ts';
import { scratch } from '../../support/scratch.ts';

const hour = 3_600_000;

/** A machine with a database of one table, and what lies in its store by place: a full, the day's increment, an hour's. */
class Scene {
  readonly ground = new Ground(wholeHouse, join(scratch(), 'ground'));
  machine = new Machine(this.ground, usualPages);
  readonly database = join(scratch(), 'app.db');
  names: string[] = [];
  #changes = 0;

  static async begin(backups = 3): Promise<Scene> {
    const scene = new Scene();
    scene.make(300);
    for (let i = 0; i < backups; i += 1) await scene.backUp();
    return scene;
  }

  make(rows: number, pageSize = 4096): void {
    this.write(`PRAGMA page_size = ${pageSize}; CREATE TABLE ledger (id INTEGER PRIMARY KEY, note TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO ledger SELECT i, hex(randomblob(200)) FROM n`);
  }

  write(sql: string): void {
    const database = new Database(this.database);
    database.exec(sql);
    database.close();
  }

  change(): void {
    this.write(
      `UPDATE ledger SET note = 'change ${(this.#changes += 1)}' WHERE id = ${3 + (this.#changes % 7)}`,
    );
  }

  /** Changes a row and makes a backup an hour later; says what it was. */
  async backUp(machine = this.machine): Promise<string> {
    this.change();
    return this.store(machine);
  }

  /** Makes a backup of the database as it is. */
  async store(machine = this.machine): Promise<string> {
    this.ground.clock.advance(hour);
    const ended = await machine.backUp(this.database);
    if (ended === 'killed') throw new Error('nobody killed it');
    if ('error' in ended) throw ended.error;
    this.names.push([...this.ground.truth.keys()].at(-1) ?? '');
    return `${ended.added.made}${ended.added.why === undefined ? '' : `: ${ended.added.why}`}`;
  }

  async states(): Promise<string[]> {
    const entries = await this.machine.list();
    return this.names.map((name) => entries.find((entry) => entry.name === name)?.state ?? 'gone');
  }

  async entry(place: number): Promise<CatalogueEntry> {
    const entry = (await this.machine.list()).find(({ name }) => name === this.names[place]);
    if (entry === undefined) throw new Error(`there is no backup ${place}`);
    return entry;
  }

  name(place: number): string {
    return this.names[place] ?? '';
  }

  /** What comes out of the backup at a place: `as it was`, or why nothing does. */
  async restored(place: number): Promise<string> {
    const entry = await this.entry(place);
    const target = join(scratch(), 'restored.db');
    try {
      await this.machine.open().fetch(entry, target);
    } catch (error) {
      return (error as Error).message;
    }
    const { sha256 } = await digestFile(target);
    return sha256 === this.ground.truth.get(entry.name) ? 'as it was' : 'OTHER BYTES';
  }

  alter(name: string, change: (bytes: Buffer) => Buffer): void {
    const object = this.ground.objects.get(name);
    if (object === undefined) throw new Error(`${name} is not in the store`);
    this.ground.objects.set(name, { ...object, bytes: change(Buffer.from(object.bytes)) });
  }

  /** The manifest of the backup at a place, told otherwise. */
  lie(
    place: number,
    change: (pages: Record<string, unknown>, record: Record<string, unknown>) => void,
  ): void {
    this.alter(manifestName(this.name(place)), (bytes) => {
      const record = JSON.parse(bytes.toString()) as { stored: { pages: Record<string, unknown> } };
      change(record.stored.pages, record);
      return Buffer.from(JSON.stringify(record));
    });
  }

  async link(place: number): Promise<{ name: string; id: string }> {
    const stored = storedPartOf(await this.entry(place));
    return { name: this.name(place), id: storedId(stored?.objects ?? []) };
  }
}

const bit = (bytes: Buffer) => {
  const place = bytes.length >> 1;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return bytes;
};

describe('the store', () => {
  it.each<[string, (scene: Scene) => void, RegExp]>([
    [
      'is missing',
      ({ ground, names }) => void ground.objects.delete(names[0] ?? ''),
      /is gone|not in the store/,
    ],
    [
      'is shorter than it was',
      (scene) => scene.alter(scene.name(0), (bytes) => bytes.subarray(0, bytes.length - 7)),
      /has \d+ bytes, its manifest says/,
    ],
    [
      'was removed with its manifest',
      ({ ground, names }) => {
        ground.objects.delete(names[0] ?? '');
        ground.objects.delete(manifestName(names[0] ?? ''));
      },
      /is not in the store/,
    ],
    [
      'has a manifest that is no more one',
      (scene) => scene.alter(manifestName(scene.name(0)), () => Buffer.from('{')),
      /damaged/,
    ],
  ])(
    'a full that %s takes along all that is based on it, which say so, and the next run makes a full',
    async (_, harm, words) => {
      const scene = await Scene.begin();
      harm(scene);
      expect((await scene.states()).slice(1)).toEqual(['damaged', 'damaged']);
      expect((await scene.entry(2)).problem).toMatch(words);
      expect((await scene.entry(2)).problem).toContain(scene.name(0));
      expect(await scene.restored(2)).toMatch(/^cannot /);
      expect(await scene.backUp()).toMatch(/^full: /);
      expect(await scene.restored(3)).toBe('as it was');
    },
  );

  it('an increment that is missing breaks what is based on it, and nothing else: the next one is on the full', async () => {
    const scene = await Scene.begin(4);
    scene.ground.objects.delete(scene.name(1));
    expect(await scene.states()).toEqual(['proven', 'lost', 'damaged', 'damaged']);
    expect(await scene.restored(0)).toBe('as it was');
    expect(await scene.backUp()).toBe('increment');
    expect(storedPartOf(await scene.entry(4))?.pages?.base?.name).toBe(scene.name(0));
    expect(await scene.restored(4)).toBe('as it was');
  });

  it.each([0, 1, 2])(
    'one bit of object %d that changed is found when it is read, and named',
    async (place) => {
      const scene = await Scene.begin();
      scene.alter(scene.name(place), bit);
      const said = await scene.restored(2);
      expect(said).toContain(scene.name(place));
      for (let sound = 0; sound < place; sound += 1) expect(await scene.restored(sound)).toBe('as it was');
      const target = join(scratch(), 'proof.db');
      const proof = await scene.machine.open().prove(await scene.entry(2), sqliteSource('/nowhere'), target);
      expect(proof).toMatchObject({ sound: false, proven: false });
      expect(proof.brokenBy ?? proof.backup).toBe(scene.name(place));
    },
  );

  it('what was found bad is never built on again, and what is based on it is damaged', async () => {
    const scene = await Scene.begin();
    scene.alter(scene.name(0), bit);
    const found = {
      foundAt: scene.ground.clock.now(),
      foundBy: 'restore drill',
      problem: 'altered',
      host: 'pi',
      runId: 'r',
    };
    await scene.machine.open().condemn(await scene.entry(0), found);
    expect(await scene.states()).toEqual(['damaged', 'damaged', 'damaged']);
    expect(await scene.backUp()).toMatch(/^full: /);
    expect(await scene.restored(3)).toBe('as it was');
  });

  it.each<[string, (scene: Scene) => Promise<void> | void]>([
    [
      "another app's",
      async (scene) => {
        const other = await Scene.begin(1);
        const bytes = Buffer.from(other.ground.objects.get(other.name(0))?.bytes ?? []);
        scene.alter(scene.name(0), () => bytes);
      },
    ],
    [
      'that of another series',
      async (scene) => {
        scene.write('PRAGMA page_size = 8192; VACUUM');
        await scene.store();
        const bytes = Buffer.from(scene.ground.objects.get(scene.name(3))?.bytes ?? []);
        scene.alter(scene.name(0), () => bytes);
      },
    ],
    [
      'that of an increment of its own',
      (scene) => {
        const bytes = Buffer.from(scene.ground.objects.get(scene.name(2))?.bytes ?? []);
        scene.alter(scene.name(1), () => bytes);
      },
    ],
  ])('an object in whose place is %s is refused', async (_, swap) => {
    const scene = await Scene.begin();
    await swap(scene);
    expect(await scene.restored(2)).toMatch(/^cannot /);
  });

  it('an object with its manifest rewritten to fit is refused by those that are based on it', async () => {
    const scene = await Scene.begin();
    const other = await Scene.begin(1);
    const bytes = Buffer.from(other.ground.objects.get(other.name(0))?.bytes ?? []);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    scene.alter(scene.name(0), () => bytes);
    scene.lie(0, (_, record) => {
      const { objects } = (record as { stored: { objects: Record<string, unknown>[] } }).stored;
      Object.assign(objects[0] ?? {}, { size_bytes: bytes.length, sha256 });
    });
    expect(await scene.states()).toEqual(['proven', 'damaged', 'damaged']);
    expect(await scene.restored(0)).toMatch(/^cannot /);
    expect(await scene.backUp()).toMatch(/^full: /);
  });

  describe('a manifest that lies', () => {
    it.each<[string, (scene: Scene) => Promise<void>]>([
      [
        'about the name of its base',
        async (scene) => scene.lie(2, (pages) => ((pages.base as { name: string }).name = scene.name(0))),
      ],
      [
        'about which base it was',
        async (scene) => scene.lie(2, (pages) => ((pages.base as { id: string }).id = 'f'.repeat(64))),
      ],
      [
        'with a base that nobody has made',
        async (scene) =>
          scene.lie(
            2,
            (pages) => ((pages.base as { name: string }).name = 'backups/ctv/ctv-20200101T000000Z.pages'),
          ),
      ],
      ['about its series', async (scene) => scene.lie(2, (pages) => (pages.series = '0'.repeat(32)))],
      ['about its level', async (scene) => scene.lie(2, (pages) => (pages.level = 3))],
      ['about its sequence', async (scene) => scene.lie(2, (pages) => (pages.sequence = 1))],
      [
        'about its full',
        async (scene) => {
          const own = await scene.link(1);
          scene.lie(2, (pages) => (pages.full = own));
        },
      ],
      [
        'about the database that comes out',
        async (scene) => scene.lie(2, (_, record) => (record.sha256 = '0'.repeat(64))),
      ],
      [
        'with a base that is based on itself',
        async (scene) => {
          const [one, two] = [await scene.link(1), await scene.link(2)];
          scene.lie(1, (pages) => Object.assign(pages, { base: two, level: 2, sequence: 2 }));
          scene.lie(2, (pages) => Object.assign(pages, { base: one, level: 2, sequence: 2 }));
        },
      ],
    ])('%s gives nothing, and nothing that hangs', async (_, lie) => {
      const scene = await Scene.begin();
      await lie(scene);
      expect(await scene.restored(2)).toMatch(/^cannot /);
      expect(await scene.restored(0)).toBe('as it was');
      await scene.backUp();
      expect(await scene.restored(3)).toBe('as it was');
    });
  });
});

describe('machines', () => {
  it('a second one that goes on with a series is noticed by the first, and neither interleaves', async () => {
    const scene = await Scene.begin();
    const second = scene.machine.twin();
    expect(await scene.backUp(second)).toBe('increment');
    expect(await scene.backUp()).toMatch(/^full: .*another machine/);
    expect(await scene.backUp(second)).toBe('increment');
    expect(await scene.backUp()).toBe('increment');
    expect(await scene.states()).toEqual(scene.names.map(() => 'proven'));
    for (const place of scene.names.keys()) expect(await scene.restored(place)).toBe('as it was');
    const places = await Promise.all(
      scene.names.map(async (_, place) => storedPartOf(await scene.entry(place))?.pages),
    );
    const taken = places.map((pages) => `${pages?.series} ${pages?.sequence}`);
    expect(new Set(taken).size).toBe(taken.length);
  });

  it('two that make the next one of a series at the same time do not both make it', async () => {
    const scene = await Scene.begin();
    const second = scene.machine.twin();
    scene.change();
    scene.ground.clock.advance(hour);
    const meanwhile = async () => void (await scene.store(second));
    const ended = await scene.machine.backUp(scene.database, { meanwhile });
    scene.names.push([...scene.ground.truth.keys()].at(-2) ?? '');
    expect(ended).toMatchObject({ added: { made: 'full' } });
    expect(await scene.states()).toEqual(scene.names.map(() => 'proven'));
    for (const place of scene.names.keys()) expect(await scene.restored(place)).toBe('as it was');
  });

  it('whose state was set back begins a series of its own', async () => {
    const scene = await Scene.begin();
    const past = scene.machine.copyOfState();
    await scene.backUp();
    scene.machine = new Machine(scene.ground, usualPages, past);
    expect(await scene.backUp()).toMatch(/^full: .*set back/);
    expect(await scene.restored(4)).toBe('as it was');
  });

  it('whose state is lost begins a series, and restores what is there', async () => {
    const scene = await Scene.begin();
    scene.machine = new Machine(scene.ground, usualPages);
    expect(await scene.restored(2)).toBe('as it was');
    expect(await scene.backUp()).toMatch(/^full: /);
  });

  it('whose store was set back makes a full where what it builds on is gone, and an increment where it is there', async () => {
    const scene = await Scene.begin(1);
    const early = scene.ground.pastOfStore();
    await scene.backUp();
    const later = scene.ground.pastOfStore();
    await scene.backUp();
    scene.ground.setStoreBack(later);
    await scene.backUp();
    expect(await scene.restored(3)).toBe('as it was');
    scene.ground.setStoreBack(early);
    await scene.backUp();
    expect(await scene.restored(4)).toBe('as it was');
    scene.ground.setStoreBack(new Map());
    expect(await scene.backUp()).toMatch(/^full: /);
    expect(await scene.restored(5)).toBe('as it was');
  });

  it('that slept while another pruned what it builds on leaves nothing that is based on nothing', async () => {
    const scene = await Scene.begin();
    scene.change();
    scene.ground.clock.advance(hour);
    const base = scene.name(1);
    // It listed, and then slept: what it puts arrives after the other machine's prune.
    const meanwhile = async () => {
      for (const gone of [scene.name(2), base])
        for (const part of [gone, manifestName(gone)]) scene.ground.objects.delete(part);
    };
    await scene.machine.backUp(scene.database, { meanwhile });
    const states = (await scene.machine.list()).map(({ state }) => state);
    expect(states).toEqual(['proven', 'proven']);
    await scene.backUp();
    expect(await scene.restored(scene.names.length - 1)).toBe('as it was');
    expect((await scene.machine.list()).filter(({ state }) => state === 'damaged')).toEqual([]);
  });

  it.each(['bit', 'cut', 'gone', 'empty'] as const)(
    'any file of whose state is spoilt (%s) makes right backups all the same',
    async (how) => {
      const scene = await Scene.begin();
      for (let place = 0; place < scene.machine.files().length; place += 1) {
        const file = scene.machine.files()[place] ?? '';
        scene.machine.spoil(file, how, 0.6);
        await scene.backUp();
        expect(await scene.restored(scene.names.length - 1), file).toBe('as it was');
      }
      expect(await scene.states()).toEqual(scene.names.map(() => 'proven'));
    },
  );
});

describe('the database', () => {
  it.each<[string, (scene: Scene) => void, RegExp]>([
    [
      'shrinks',
      (scene) => scene.write('PRAGMA auto_vacuum = 0; DELETE FROM ledger WHERE id > 250; VACUUM'),
      /^(full|increment)/,
    ],
    [
      'grows',
      (scene) => scene.write('INSERT INTO ledger SELECT id + 1000, note FROM ledger WHERE id < 20'),
      /^increment$/,
    ],
    [
      'is vacuumed into another order',
      (scene) => scene.write('DELETE FROM ledger WHERE id % 2 = 0; VACUUM'),
      /^full: more than half/,
    ],
    [
      'gets another page size',
      (scene) => scene.write('PRAGMA page_size = 8192; VACUUM'),
      /^full: the page size changed/,
    ],
    ['turns to WAL', (scene) => scene.write('PRAGMA journal_mode = WAL'), /^increment$/],
    ['does not change', () => undefined, /^increment$/],
  ])('that %s between two runs is what comes out', async (_, happens, made) => {
    const scene = await Scene.begin();
    happens(scene);
    expect(await scene.store()).toMatch(made);
    expect(await scene.restored(3)).toBe('as it was');
    expect(await scene.backUp()).toBe('increment');
    expect(await scene.restored(4)).toBe('as it was');
  });

  it('that is restored to an older state between two runs is what comes out, and so is what follows', async () => {
    const scene = await Scene.begin(2);
    const older = join(scratch(), 'older.db');
    copyFileSync(scene.database, older);
    await scene.backUp();
    await scene.backUp();
    copyFileSync(older, scene.database);
    expect(await scene.store()).toBe('increment');
    expect(await scene.restored(4)).toBe('as it was');
    expect(readFileSync(older).equals(readFileSync(scene.database))).toBe(true);
    await scene.backUp();
    expect(await scene.restored(5)).toBe('as it was');
  });

  it('in whose place is another one begins a series', async () => {
    const scene = await Scene.begin();
    copyFileSync((await Scene.begin(1)).database, scene.database);
    expect(await scene.store()).toMatch(/^full: more than half/);
    expect(await scene.restored(3)).toBe('as it was');
  });
});
