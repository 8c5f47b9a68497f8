// The checks that a test asks: how busy and full the machine is that it runs on is none of its business.
import { allChecks } from '../../lib/health/all-checks.ts';

/** Lines of a configuration that turn all others off. */
export function onlyChecks(...names: readonly string[]): string {
  return allChecks
    .filter(({ name }) => !names.includes(name))
    .map(({ name }) => `[health.${name}]\noff = true`)
    .join('\n');
}

/** What Holdfast asks of its own work. */
export const ownChecks = [
  'clock',
  'store',
  'backup-age',
  'backup-series',
  'backup-drill',
  'documents',
  'history',
  'alert-delivery',
];
