// Measures what a PostgreSQL server has counted of a database, and remembers it for the next run.
import type { PostgresErrorsFacts } from '../health/postgres-errors.ts';
import { parseWindow, withLook } from '../health/postgres-window.ts';
import { logOf } from '../postgres/words.ts';
import { looked, watchedDatabases } from './postgres.ts';
import type { Probe } from './probe.ts';

export const postgresErrorsProbe: Probe<PostgresErrorsFacts> = {
  subjects: watchedDatabases,
  async measure(context, subject) {
    const { found, settings, target } = await looked(context, subject);
    const key = `postgres-errors@${subject}`;
    const window = 'look' in found ? withLook(parseWindow(context.recall(key)), found.look) : undefined;
    if (window !== undefined) context.remember(key, JSON.stringify(window));
    return {
      ...{ found, window },
      rollbackPercent: settings.rollbackPercent,
      errorsHint: `what the server says of it: ${logOf(target)}`,
    };
  },
};
