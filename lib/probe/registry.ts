// Which probe measures what each check asks, in the order in which people should read the answers.
import { inodesCheck } from '../health/inodes.ts';
import { inodesProbe } from './inodes.ts';
import { readOnlyCheck } from '../health/read-only.ts';
import { readOnlyProbe } from './read-only.ts';
import { memoryCheck } from '../health/memory.ts';
import { memoryProbe } from './memory.ts';
import { loadCheck } from '../health/load.ts';
import { loadProbe } from './load.ts';
import { temperatureCheck } from '../health/temperature.ts';
import { temperatureProbe } from './temperature.ts';
import { throttlingCheck } from '../health/throttling.ts';
import { throttlingProbe } from './throttling.ts';
import { diskWearCheck } from '../health/disk-wear.ts';
import { diskWearProbe } from './disk-wear.ts';
import { unitsCheck } from '../health/units.ts';
import { unitsProbe } from './units.ts';
import { timersCheck } from '../health/timers.ts';
import { timersProbe } from './timers.ts';
import { mountsCheck } from '../health/mounts.ts';
import { mountsProbe } from './mounts.ts';
import { alertDeliveryCheck } from '../health/alert-delivery.ts';
import { backupAgeCheck } from '../health/backup-age.ts';
import { backupDrillCheck } from '../health/backup-drill.ts';
import { backupSeriesCheck } from '../health/backup-series.ts';
import { certificateCheck } from '../health/certificate.ts';
import { clockCheck } from '../health/clock.ts';
import { databaseCheck } from '../health/database.ts';
import { deltaHeldCheck } from '../health/delta-held.ts';
import { deltaParityCheck } from '../health/delta-parity.ts';
import { deltaPullCheck } from '../health/delta-pull.ts';
import { deltaPushCheck } from '../health/delta-push.ts';
import { deltaReplicaCheck } from '../health/delta-replica.ts';
import { deltaSourceCheck } from '../health/delta-source.ts';
import { diskSpaceCheck } from '../health/disk-space.ts';
import { documentsCheck } from '../health/documents.ts';
import { postgresConnectionsCheck } from '../health/postgres-connections.ts';
import { postgresErrorsCheck } from '../health/postgres-errors.ts';
import { postgresSizeCheck } from '../health/postgres-size.ts';
import { freshnessCheck } from '../health/freshness.ts';
import { historyCheck } from '../health/history.ts';
import { httpCheck } from '../health/http.ts';
import { sqlCheck } from '../health/sql.ts';
import { standbyCheck } from '../health/standby.ts';
import { storeCheck } from '../health/store.ts';
import { walCheck } from '../health/wal.ts';
import { alertDeliveryProbe } from './alert-delivery.ts';
import { backupAgeProbe } from './backup-age.ts';
import { backupDrillProbe } from './backup-drill.ts';
import { backupSeriesProbe } from './backup-series.ts';
import { certificateProbe } from './certificate.ts';
import { clockProbe } from './clock.ts';
import { databaseProbe } from './database.ts';
import { deltaParityProbe } from './delta-parity.ts';
import { deltaPullProbe } from './delta-pull.ts';
import { deltaPushProbe } from './delta-push.ts';
import { deltaHeldProbe, deltaReplicaProbe, deltaSourceProbe } from './delta-receive.ts';
import { diskSpaceProbe } from './disk-space.ts';
import { documentsProbe } from './documents.ts';
import { postgresConnectionsProbe } from './postgres-connections.ts';
import { postgresErrorsProbe } from './postgres-errors.ts';
import { postgresSizeProbe } from './postgres-size.ts';
import { freshnessProbe } from './freshness.ts';
import { historyProbe } from './history.ts';
import { httpProbe } from './http.ts';
import { type Probed, probed } from './probe.ts';
import { sqlProbe } from './sql.ts';
import { standbyProbe } from './standby.ts';
import { storeProbe } from './store.ts';
import { walProbe } from './wal.ts';

/** A test compares them with lib/health/all-checks.ts. */
export const registry: readonly Probed[] = [
  probed(clockCheck, clockProbe),
  probed(diskSpaceCheck, diskSpaceProbe),
  probed(inodesCheck, inodesProbe),
  probed(readOnlyCheck, readOnlyProbe),
  probed(mountsCheck, mountsProbe),
  probed(diskWearCheck, diskWearProbe),
  probed(memoryCheck, memoryProbe),
  probed(loadCheck, loadProbe),
  probed(temperatureCheck, temperatureProbe),
  probed(throttlingCheck, throttlingProbe),
  probed(unitsCheck, unitsProbe),
  probed(timersCheck, timersProbe),
  probed(storeCheck, storeProbe),
  probed(backupAgeCheck, backupAgeProbe),
  probed(backupSeriesCheck, backupSeriesProbe),
  probed(backupDrillCheck, backupDrillProbe),
  probed(standbyCheck, standbyProbe),
  probed(databaseCheck, databaseProbe),
  probed(walCheck, walProbe),
  probed(sqlCheck, sqlProbe),
  probed(documentsCheck, documentsProbe),
  probed(deltaPushCheck, deltaPushProbe),
  probed(deltaParityCheck, deltaParityProbe),
  probed(deltaReplicaCheck, deltaReplicaProbe),
  probed(deltaSourceCheck, deltaSourceProbe),
  probed(deltaHeldCheck, deltaHeldProbe),
  probed(deltaPullCheck, deltaPullProbe),
  probed(postgresConnectionsCheck, postgresConnectionsProbe),
  probed(postgresSizeCheck, postgresSizeProbe),
  probed(postgresErrorsCheck, postgresErrorsProbe),
  probed(httpCheck, httpProbe),
  probed(certificateCheck, certificateProbe),
  probed(freshnessCheck, freshnessProbe),
  probed(historyCheck, historyProbe),
  probed(alertDeliveryCheck, alertDeliveryProbe),
];
