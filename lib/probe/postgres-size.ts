// Measures how large a PostgreSQL database is.
import type { PostgresFacts } from '../health/postgres.ts';
import { looked, watchedDatabases } from './postgres.ts';
import type { Probe } from './probe.ts';

export const postgresSizeProbe: Probe<PostgresFacts> = {
  subjects: watchedDatabases,
  async measure(context, subject) {
    return (await looked(context, subject)).found;
  },
};
