// What putting a backup in the place of a live database promises, whatever that is: each engine's world runs it, by the commands.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TypedWorld } from '../support/typed-world.ts';
import type { Json } from '../support/world.ts';

/** An app called `name` whose database has 100 things in it. */
export interface PlacementWorld {
  name: string;
  typed: TypedWorld;
  /** Further lines of the table of the app. */
  configure(lines: string): void;
  /** How many things the live database has; undefined where there is none. */
  count(): Promise<number | undefined>;
  /** A day's work: some are deleted. */
  change(): Promise<void>;
  /** Somebody loses it. */
  lose(): Promise<void>;
  /** Somebody has it open until this is disposed of; `who` is in what is said of them. */
  hold(): Promise<AsyncDisposable & { who: string }>;
  /** All that lies there of its making: the live one, undo sets, and what a run has left. */
  lying(): Promise<string[]>;
  /** Where there is nothing yet, as `--to` takes it, and how many things are there. */
  elsewhere(): { to: string; count(): Promise<number> };
}

export interface PlacementKind {
  open(): Promise<PlacementWorld>;
}

export function placementSuite(name: string, kind: PlacementKind): void {
  describe(`${name}: a restore in place`, () => {
    const night = 100;

    /** After a night with a backup, and a day. */
    async function dayAfter(lines = ''): Promise<PlacementWorld & { day: number | undefined }> {
      const world = await kind.open();
      world.configure(lines);
      expect((await world.typed.run('db-backup', ['run'])).exitCode).toBe(0);
      await world.change();
      const day = await world.count();
      expect(day).not.toBe(night);
      return { ...world, day };
    }

    const ask = async ({ typed }: PlacementWorld, ...args: string[]): Promise<Json> => {
      const { json, exitCode } = await typed.runJson('restore', args);
      return { exitCode, ...json.result };
    };
    const scripts = (world: PlacementWorld, isWell: boolean) => {
      const path = (what: string) => join(world.typed.home, what);
      for (const what of ['stop', 'start'])
        writeFileSync(path(what), `#!/bin/sh\necho ${what} >> ${path('calls')}\n`, { mode: 0o755 });
      writeFileSync(path('well'), `#!/bin/sh\nexit ${isWell ? 0 : 1}\n`, { mode: 0o755 });
      return `stop = "${path('stop')}"\nstart = "${path('start')}"\nhealth = { command = "${path('well')}", timeout_seconds = 1 }`;
    };

    it('brings the night back, keeps the day, and each way back can be gone back', async () => {
      const world = await dayAfter();
      const { stakes } = await ask(world, 'plan', 'latest');
      expect(stakes.rows_in_backup - stakes.rows_now).toBeGreaterThan(0);
      const { exitCode, replaced, is_in_place } = await ask(world, 'run', 'latest', '--yes');
      expect({ exitCode, is_in_place, previous: replaced.previous }).toEqual({
        exitCode: 0,
        is_in_place: true,
        previous: 'whole',
      });
      expect(await world.count()).toBe(night);
      expect(replaced.not_carried).toEqual([]);
      for (const back of [world.day, night]) {
        expect((await ask(world, 'undo', '--yes')).exitCode).toBe(0);
        expect(await world.count()).toBe(back);
      }
    });

    it('removes no undo set but the one that it is told to', async () => {
      const world = await dayAfter();
      for (const args of [
        ['run', 'latest', '--yes'],
        ['undo', '--yes'],
      ])
        await ask(world, ...args);
      const { apps } = await ask(world, 'status');
      const sets = apps[0].value.undo_sets as { name: string; usable: boolean }[];
      const lying = await world.lying();
      expect((await ask(world, 'undo', '--discard', '--yes')).discarded).toEqual([]); // none is old
      expect(await world.lying()).toEqual(lying);
      const [first] = sets;
      expect((await ask(world, 'undo', first?.name ?? '', '--discard', '--yes')).discarded).toHaveLength(1);
      expect((await world.lying()).length).toBeLessThan(lying.length);
      expect(await world.count()).toBe(world.day);
    });

    it('puts it where it was when it is gone, and calls nothing an undo set', async () => {
      const world = await dayAfter();
      await world.lose();
      expect(await world.count()).toBeUndefined();
      const { exitCode, replaced } = await ask(world, 'run', 'latest', '--yes');
      expect({ exitCode, previous: replaced.previous, undo: replaced.undo }).toEqual({
        exitCode: 0,
        previous: 'none',
      });
      expect(await world.count()).toBe(night);
    });

    it('is refused while somebody has it open whom nobody stops, and names them', async () => {
      const world = await dayAfter();
      const before = await world.lying();
      await using holder = await world.hold();
      const plan = await ask(world, 'plan', 'latest');
      expect([plan.exitCode, plan.obstacles.join()]).toEqual([1, expect.stringContaining(holder.who)]);
      const { exitCode, stderr } = await world.typed.run('restore', ['run', 'latest', '--yes']);
      expect([exitCode, stderr]).toEqual([73, expect.stringContaining(holder.who)]);
      expect(await world.lying()).toEqual(before);
      expect(await world.count()).toBe(world.day);
    });

    it('asks a person, and replaces nothing when nobody says yes', async () => {
      const world = await dayAfter();
      const before = await world.lying();
      expect((await world.typed.run('restore', ['run', 'latest'])).exitCode).toBe(64);
      expect(await world.lying()).toEqual(before);
      expect(await world.count()).toBe(world.day);
    });

    it('stops the app before and starts it after, also of a backup that turns out bad', async () => {
      const world = await dayAfter();
      world.configure(scripts(world, true));
      const calls = () => readFileSync(join(world.typed.home, 'calls'), 'utf8').trim().split('\n');
      expect((await ask(world, 'run', 'latest', '--yes')).replaced.health).toBe('well');
      expect(calls()).toEqual(['stop', 'start']);
      await world.change();
      const [backup = ''] = world.typed.stored().filter((each) => each.startsWith('backups/'));
      const path = join(world.typed.store, backup);
      const bytes = readFileSync(path);
      const middle = Math.floor(bytes.length / 2);
      bytes.fill('?', middle, middle + 40);
      writeFileSync(path, bytes);
      const day = await world.count();
      expect((await world.typed.run('restore', ['run', backup, '--yes'])).exitCode).toBe(65);
      expect(await world.count()).toBe(day);
    });

    it('of an app that is not well with it goes back by itself, and keeps what was tried', async () => {
      const world = await dayAfter();
      world.configure(scripts(world, false));
      const { exitCode, is_in_place, replaced } = await ask(world, 'run', 'latest', '--yes');
      expect({ exitCode, is_in_place, health: replaced.health }).toEqual({
        exitCode: 1,
        is_in_place: false,
        health: 'unwell',
      });
      expect(await world.count()).toBe(world.day);
      expect((await world.lying()).length).toBeGreaterThan(1);
      expect((await ask(world, 'status')).exitCode).toBe(0);
    });

    it('to another place touches neither the live one nor what is there', async () => {
      const world = await dayAfter();
      const { to, count } = world.elsewhere();
      expect((await ask(world, 'run', 'latest', '--to', to)).exitCode).toBe(0);
      expect(await count()).toBe(night);
      await world.change();
      expect((await world.typed.run('restore', ['run', 'latest', '--to', to])).exitCode).toBe(73);
      expect(await count()).toBe(night);
    });
  });
}
