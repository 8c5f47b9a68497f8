// Every job there is: what the installer writes for each of them, and what tests look at in all of them.
import { alertSend } from '../../jobs/alert-send.ts';
import { dbBackup } from '../../jobs/db-backup.ts';
import { dbExportJson } from '../../jobs/db-export-json.ts';
import { dbMaintain } from '../../jobs/db-maintain.ts';
import { deltaPull } from '../../jobs/delta-pull.ts';
import { deltaPush } from '../../jobs/delta-push.ts';
import { deltaReceive } from '../../jobs/delta-receive.ts';
import { deltaServe } from '../../jobs/delta-serve.ts';
import { healthCheck } from '../../jobs/health-check.ts';
import { restore } from '../../jobs/restore.ts';
import type { Job } from '../../lib/run/job.ts';

/** In the order of their names. */
export const allJobs: readonly Job[] = [
  alertSend,
  dbBackup,
  dbExportJson,
  dbMaintain,
  deltaPull,
  deltaPush,
  deltaReceive,
  deltaServe,
  healthCheck,
  restore,
];
