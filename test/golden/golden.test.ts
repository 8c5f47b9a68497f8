// Every format that Holdfast ever wrote, as bytes: read by today's code, and written as before where it still writes it.
// A fixture is never changed. A new version of a format gets new fixtures, and the old ones lose only their `format`.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alerts } from './alerts.ts';
import { delta } from './delta.ts';
import { history } from './history.ts';
import { pages } from './pages.ts';
import { manifests } from './manifests.ts';
import { restores } from './restores.ts';
import { state } from './state.ts';
import { storedManifests } from './stored-manifests.ts';
import { stores } from './stores.ts';

const goldens = {
  ...manifests,
  ...storedManifests,
  ...stores,
  ...state,
  ...restores,
  ...alerts,
  ...history,
  ...delta,
  ...pages,
};

describe.each(Object.entries(goldens))('%s', (name, { read, value, format }) => {
  const path = join(import.meta.dirname, name);

  test('is read as what it always meant', async () => {
    expect(await read(path)).toEqual(value);
  });

  if (format === undefined) return;
  test('is written in the same bytes', async () => {
    expect(await format((await read(path)) as never)).toBe(readFileSync(path, 'utf8'));
  });
});

test('every fixture is read', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => relative(import.meta.dirname, join(entry.parentPath, entry.name)));
  const names = Object.keys(goldens);
  const isRead = (file: string) =>
    names.some((name) => file === name || (name.endsWith('/') && file.startsWith(name)));
  expect(files.filter((file) => !isRead(file))).toEqual([]);
  expect(files.length).toBeGreaterThan(40);
});
