// What a run's record says of an app that has no database: nothing that would alarm anybody about backups of it.
import { expect, test } from 'vitest';
import type { Config, GuardedApp } from '../../../lib/config/config.ts';
import { nullHistory } from '../../../lib/history/history.ts';
import { protectionOf, scope } from '../../../lib/run/told-of.ts';

const ctv = { name: 'ctv', engine: 'sqlite', database: '/srv/ctv.db' } as GuardedApp;
const config = { apps: [{ name: 'mirror', database: undefined }, ctv] } as unknown as Config;

test('an app without a database is not missed among the proven backups', () => {
  const protection = protectionOf({ config, history: nullHistory }, ['mirror', 'ctv']);
  expect(protection.map(({ app }) => app)).toEqual(['ctv']);
});

test('beside an app without a database the other one still needs no name', () => {
  expect(scope(config, 'ctv')).toBeUndefined();
  expect(scope(config, 'mirror')).toBe('mirror');
});
