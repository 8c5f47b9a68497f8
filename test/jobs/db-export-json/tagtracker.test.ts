// The example for TagTracker: its documents are what the app itself would save, and a database is made of them again.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { asSaved, example, exampleSettings, fillSeason, savedDay } from '../../support/tagtracker.ts';
import { TypedWorld } from '../../support/typed-world.ts';

test('a season of 1500 days is what the app would save, and comes back from its documents', async () => {
  await using world = new TypedWorld();
  const documents = join(world.home, 'days');
  mkdirSync(documents);
  const season = Array.from({ length: 1500 }, (_, index) => savedDay(index));
  fillSeason(world.database, season);
  const top = `state_directory = ${JSON.stringify(world.state)}\nrun_directory = ${JSON.stringify(join(world.home, 'run'))}\n`;
  const use = (database: string) => {
    const mirror = join(world.home, 'mirror.db');
    writeFileSync(world.config, exampleSettings({ database, documents, mirror, top }));
  };
  use(world.database);

  const exported = await world.run('db-export-json', []);
  expect(exported.exitCode, exported.stderr).toBe(0);
  const described = z.fromJSONSchema(
    JSON.parse(readFileSync(join(example, 'day.schema.json'), 'utf8')) as z.core.JSONSchema.JSONSchema,
  );
  for (const day of season) {
    const text = readFileSync(join(documents, `bike_rack_${day.date}.json`), 'utf8');
    if (text !== asSaved(day)) expect(text).toBe(asSaved(day)); // a thousand assertions cost a second
  }
  for (const day of season.slice(0, 30)) described.parse(day);

  const again = join(world.home, 'again.db');
  const imported = await world.run('db-export-json', ['import', '--to', again]);
  expect(imported.exitCode, imported.stderr).toBe(0);
  const before = new Map(readdirSync(documents).map((name) => [name, readFileSync(join(documents, name))]));
  rmSync(documents, { recursive: true });
  mkdirSync(documents);
  use(again);
  expect((await world.run('db-export-json', [])).stdout).toContain('1500 new');
  expect(readdirSync(documents)).toHaveLength(1500);
  const differing = [...before].filter(([name, bytes]) => !readFileSync(join(documents, name)).equals(bytes));
  expect(differing.map(([name]) => name)).toEqual([]);
});
