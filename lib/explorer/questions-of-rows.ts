// What an operator asks of row changes: what waits for a person, who was not heard of, what went, came and was refused.
import {
  between,
  type Chapter,
  inLastDays,
  isGiven,
  lastDays,
  local,
  megabytes,
  onePage,
  page,
  type Parameter,
} from './question.ts';

const source: Parameter = { name: 'source', meaning: 'one source, such as laptop-1; all unless given' };
const replica: Parameter = { name: 'replica', meaning: 'one replica; all unless given' };
const isSource = isGiven('source', 'source');
const isReplica = isGiven('replica', 'replica');

export const rowChanges: Chapter = {
  heading: 'Row changes',
  questions: [
    {
      name: 'held-now',
      title: 'What is held, and waits for a person?',
      description:
        'Changes that arrived in a replica and were kept back, by source, table, reason and day, the most first. The changes themselves are in delta-receive held list; delta-receive notes this about once a minute.',
      parameters: [
        replica,
        source,
        {
          name: 'reason',
          meaning: 'frozen-day, no-day, mass-deletion, clock or unfit; all unless given',
        },
        { name: 'day', meaning: 'one service day, such as 2026-11-27; all unless given' },
        page,
      ],
      sql: `
SELECT replica, source, table_name AS "table", reason, nullif(day, '') AS "day", changes, ${local('first_seen')} AS "first came",
  ${local('last_seen')} AS "last came", ${between('first_seen', "'now'", 'days')} AS "for days",
  CASE reason WHEN 'frozen-day' THEN 'delta-receive reopen ' || day WHEN 'mass-deletion' THEN 'delta-receive held apply --for mass-deletion'
    ELSE 'delta-receive held list --for ' || reason END || ' --replica ' || replica AS "what helps"
FROM replica_held
WHERE ${isReplica} AND ${isSource} AND ${isGiven('reason', 'reason')} AND ${isGiven('day', 'day')}
ORDER BY changes DESC, replica, source, table_name, reason, day
${onePage}`,
    },
    {
      name: 'held-for-frozen-days',
      title: 'What is held for frozen days?',
      description:
        'Each frozen day that somebody would have changed since: how many changes of which tables, and from whom.',
      parameters: [replica, source, page],
      sql: `
SELECT day, replica, sum(changes) AS "changes", group_concat(DISTINCT table_name) AS "tables",
  group_concat(DISTINCT source) AS "sources", ${local('max(last_seen)')} AS "last came",
  'delta-receive reopen ' || day || ' --replica ' || replica AS "takes them in"
FROM replica_held
WHERE reason = 'frozen-day' AND ${isReplica} AND ${isSource}
GROUP BY day, replica
ORDER BY day DESC, replica
${onePage}`,
    },
    {
      name: 'silent-sources',
      title: 'Which sources have not pushed?',
      description:
        'Each source that may feed a replica, who was silent for longest first; one that was never heard of stands above all.',
      parameters: [
        replica,
        { name: 'hours', meaning: 'silent for at least so many hours; 0 unless given' },
        page,
      ],
      sql: `
SELECT source, replica, ${local('last_seen_at')} AS "heard of", ${between('last_seen_at', "'now'", 'hours')} AS "hours ago",
  ${local('last_batch_at')} AS "last batch", ${between('last_batch_at', "'now'", 'hours')} AS "batch, hours ago", batches, rows AS "changes",
  iif(resyncing, 'yes', '') AS "sends all anew",
  (SELECT ${local('away_since')} FROM replicas WHERE replicas.replica = replica_sources.replica) AS "replica away since"
FROM replica_sources
WHERE ${isReplica}
  AND (last_seen_at IS NULL OR (julianday('now') - julianday(last_seen_at)) * 24 >= CAST(trim(:hours) AS REAL))
ORDER BY last_seen_at IS NOT NULL, last_seen_at, source
${onePage}`,
    },
    {
      name: 'batches-refused',
      title: 'What was refused, and why?',
      description:
        'Batches that were not taken, the newest first, here or by the other side; of a failure that repeats itself one a minute is noted.',
      parameters: [lastDays(30), source, page],
      sql: `
SELECT ${local('at')} AS "when", direction, subject AS "app or replica", source, outcome, reason AS "why", batch_no AS "batch",
  ${megabytes('size_bytes')} AS "MB"
FROM batches
WHERE outcome <> 'applied' AND ${inLastDays('at', 30)} AND ${isSource}
ORDER BY at DESC, id DESC
${onePage}`,
    },
    {
      name: 'rows-by-day',
      title: 'How many rows went or came, by day and source?',
      description:
        'Each day of each source: batches, the rows and deletions in them, what was held, and what was not taken.',
      parameters: [
        lastDays(30),
        source,
        { name: 'direction', meaning: 'sent or received; both unless given' },
        page,
      ],
      sql: `
SELECT date(at, 'localtime') AS "day", direction, subject AS "app or replica", source,
  count(*) FILTER (WHERE outcome = 'applied') AS "batches", sum(upserts) AS "rows", sum(deletes) AS "deletions",
  sum(unchanged) AS "known already", sum(held) AS "held", count(*) FILTER (WHERE outcome <> 'applied') AS "not taken",
  ${megabytes('sum(size_bytes)')} AS "MB"
FROM batches
WHERE ${inLastDays('at', 30)} AND ${isSource} AND ${isGiven('direction', 'direction')}
GROUP BY 1, direction, subject, source
ORDER BY 1 DESC, direction, subject, source
${onePage}`,
    },
  ],
};
