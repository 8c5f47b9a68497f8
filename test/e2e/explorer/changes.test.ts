// What the explorer makes of what happens to databases while it shows them.
import { once } from 'node:events';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { Explorer, makeDatabase, missingForExplorer } from '../../support/datasette.ts';
import { writeHistoryYear } from '../../support/history-year.ts';
import { scratch } from '../../support/scratch.ts';

const missing = missingForExplorer();

describe.skipIf(missing.length > 0)(
  `an explorer while things happen (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    test('takes in what comes, and goes on with the rest when one is damaged, gone, or replaced', async () => {
      const state = scratch();
      const beside = join(state, 'explorer');
      mkdirSync(beside);
      await using explorer = await Explorer.start(state);
      const shows = (...names: string[]) =>
        explorer.until(async () => (await explorer.shown()).join() === names.join());

      writeHistoryYear(join(state, 'ops.db'), new Date());
      makeDatabase(join(beside, 'ctv.db'));
      await shows('ops', 'ctv');

      // A new copy takes the place of the old one, and another comes.
      makeDatabase(join(beside, 'shop.db'));
      makeDatabase(join(beside, 'ctv.db.new'));
      new Database(join(beside, 'ctv.db.new')).exec('CREATE TABLE tonight (a)').close();
      renameSync(join(beside, 'ctv.db.new'), join(beside, 'ctv.db'));
      await explorer.until(async () => (await fetch(`${explorer.url}/ctv/tonight.json`)).ok);
      await shows('ops', 'ctv', 'shop');

      // What a failing disk does: it is open, and every look into it fails from now on.
      writeFileSync(join(beside, 'shop.db'), Buffer.alloc(64 * 1024, 0xa5));
      await shows('ops', 'ctv');
      expect((await fetch(`${explorer.url}/ops/nights`)).status).toBe(200);
      makeDatabase(join(state, 'mended.db'));
      renameSync(join(state, 'mended.db'), join(beside, 'shop.db'));
      rmSync(join(beside, 'ctv.db'));
      await shows('ops', 'shop');
      expect(await explorer.stop()).toBe(0);
    });

    test('ends with an error where the port is taken, or there is no Datasette', async () => {
      const taken = createServer((_, reply) => void reply.writeHead(500).end()).listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      await expect(Explorer.start(scratch(), { EXPLORER_PORT: `${port}` })).rejects.toThrow(
        'explorer: datasette ends as soon as it is started',
      );
      taken.close();
      for (const [program, why] of [
        ['/usr/bin/datasette', /there is no datasette beside \/usr\/bin\/python3: .*PackageNotFoundError/],
        ['/nowhere/datasette', /there is no datasette beside \/nowhere\/python3: No such file or directory/],
      ] as const)
        await expect(Explorer.start(scratch(), { EXPLORER_PROGRAM: program })).rejects.toThrow(why);
    });

    test('shows the others while the history is held by what a killed writer left, and it again afterwards', async () => {
      const state = scratch();
      mkdirSync(join(state, 'explorer'));
      makeDatabase(join(state, 'explorer/ctv.db'));
      const whole = join(state, 'whole.db');
      writeHistoryYear(whole, new Date());
      const writer = new Database(whole);
      writer.exec(`PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE runs SET message = printf('%.500c', 'x')`);
      for (const end of ['', '-journal']) copyFileSync(whole + end, join(state, `ops.db${end}`));
      writer.close();
      await using explorer = await Explorer.start(state);
      expect(await explorer.shown()).toEqual(['ctv']);
      // The next run of any job rolls it back.
      new Database(join(state, 'ops.db')).exec('BEGIN IMMEDIATE; COMMIT').close();
      await explorer.until(async () => (await explorer.shown()).join() === 'ops,ctv');
    });
  },
);
