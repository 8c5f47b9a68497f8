// Which probe measures what each check asks, in the order in which people should read the answers.
import { alertDeliveryCheck } from '../health/alert-delivery.ts';
import { backupAgeCheck } from '../health/backup-age.ts';
import { backupDrillCheck } from '../health/backup-drill.ts';
import { clockCheck } from '../health/clock.ts';
import { diskSpaceCheck } from '../health/disk-space.ts';
import { documentsCheck } from '../health/documents.ts';
import { storeCheck } from '../health/store.ts';
import { alertDeliveryProbe } from './alert-delivery.ts';
import { backupAgeProbe } from './backup-age.ts';
import { backupDrillProbe } from './backup-drill.ts';
import { clockProbe } from './clock.ts';
import { diskSpaceProbe } from './disk-space.ts';
import { documentsProbe } from './documents.ts';
import { type Probed, probed } from './probe.ts';
import { storeProbe } from './store.ts';

/** A test compares them with lib/health/all-checks.ts. */
export const registry: readonly Probed[] = [
  probed(clockCheck, clockProbe),
  probed(diskSpaceCheck, diskSpaceProbe),
  probed(storeCheck, storeProbe),
  probed(backupAgeCheck, backupAgeProbe),
  probed(backupDrillCheck, backupDrillProbe),
  probed(documentsCheck, documentsProbe),
  probed(alertDeliveryCheck, alertDeliveryProbe),
];
