// Every check there is, in the order in which people should read the answers: first what explains the rest.
import { alertDeliveryCheck } from './alert-delivery.ts';
import { backupAgeCheck } from './backup-age.ts';
import { backupDrillCheck } from './backup-drill.ts';
import type { AnyCheck } from './check.ts';
import { clockCheck } from './clock.ts';
import { diskSpaceCheck } from './disk-space.ts';
import { documentsCheck } from './documents.ts';
import { storeCheck } from './store.ts';

/** Their names are unique, which a test sees to. */
export const allChecks: readonly AnyCheck[] = [
  clockCheck,
  diskSpaceCheck,
  storeCheck,
  backupAgeCheck,
  backupDrillCheck,
  documentsCheck,
  alertDeliveryCheck,
];

/** By name. */
export const checksByName: ReadonlyMap<string, AnyCheck> = new Map(
  allChecks.map((check) => [check.name, check]),
);
