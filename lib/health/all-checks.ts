// Every check there is, in the order in which people should read the answers: first what explains the rest.
import { inodesCheck } from './inodes.ts';
import { readOnlyCheck } from './read-only.ts';
import { memoryCheck } from './memory.ts';
import { loadCheck } from './load.ts';
import { temperatureCheck } from './temperature.ts';
import { throttlingCheck } from './throttling.ts';
import { diskWearCheck } from './disk-wear.ts';
import { unitsCheck } from './units.ts';
import { timersCheck } from './timers.ts';
import { mountsCheck } from './mounts.ts';
import { alertDeliveryCheck } from './alert-delivery.ts';
import { backupAgeCheck } from './backup-age.ts';
import { backupDrillCheck } from './backup-drill.ts';
import { backupSeriesCheck } from './backup-series.ts';
import { certificateCheck } from './certificate.ts';
import type { AnyCheck } from './check.ts';
import { clockCheck } from './clock.ts';
import { databaseCheck } from './database.ts';
import { deltaHeldCheck } from './delta-held.ts';
import { deltaParityCheck } from './delta-parity.ts';
import { deltaPullCheck } from './delta-pull.ts';
import { deltaPushCheck } from './delta-push.ts';
import { deltaReplicaCheck } from './delta-replica.ts';
import { deltaSourceCheck } from './delta-source.ts';
import { diskSpaceCheck } from './disk-space.ts';
import { documentsCheck } from './documents.ts';
import { postgresConnectionsCheck } from './postgres-connections.ts';
import { postgresErrorsCheck } from './postgres-errors.ts';
import { postgresSizeCheck } from './postgres-size.ts';
import { freshnessCheck } from './freshness.ts';
import { historyCheck } from './history.ts';
import { httpCheck } from './http.ts';
import { sqlCheck } from './sql.ts';
import { standbyCheck } from './standby.ts';
import { storeCheck } from './store.ts';
import { walCheck } from './wal.ts';

/** Their names are unique, which a test sees to. */
export const allChecks: readonly AnyCheck[] = [
  clockCheck,
  diskSpaceCheck,
  inodesCheck,
  readOnlyCheck,
  mountsCheck,
  diskWearCheck,
  memoryCheck,
  loadCheck,
  temperatureCheck,
  throttlingCheck,
  unitsCheck,
  timersCheck,
  storeCheck,
  backupAgeCheck,
  backupSeriesCheck,
  backupDrillCheck,
  standbyCheck,
  databaseCheck,
  walCheck,
  sqlCheck,
  documentsCheck,
  deltaPushCheck,
  deltaParityCheck,
  deltaReplicaCheck,
  deltaSourceCheck,
  deltaHeldCheck,
  deltaPullCheck,
  postgresConnectionsCheck,
  postgresSizeCheck,
  postgresErrorsCheck,
  httpCheck,
  certificateCheck,
  freshnessCheck,
  historyCheck,
  alertDeliveryCheck,
];

/** By name. */
export const checksByName: ReadonlyMap<string, AnyCheck> = new Map(
  allChecks.map((check) => [check.name, check]),
);
