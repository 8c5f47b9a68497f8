// The directories and files that matter to us, and what each is in words.
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { fileApps } from '../config/config.ts';

/** A place, and what of ours lies there. */
export interface Place {
  readonly path: string;
  readonly holds: string;
}

/** Of the state, with a copy of each database that increments are made on, the store where it is a directory, every database and what is made of it. */
export function placesOf(config: Config): Place[] {
  const { store, stateDirectory } = config;
  return [
    { path: stateDirectory, holds: 'the state' },
    ...fileApps(config)
      .filter(({ formats, pages }) => formats.includes('pages') && pages.keepsFull)
      .map(({ name }) => ({ path: stateDirectory, holds: `the kept full of ${name}` })),
    ...(store.kind === 'directory' ? [{ path: store.path, holds: 'the store' }] : []),
    ...fileApps(config).flatMap(({ name, database, export: made }) => [
      { path: dirname(database), holds: `the database of ${name}` },
      ...(made === undefined ? [] : [{ path: made.directory, holds: `the documents of ${name}` }]),
    ]),
  ];
}
