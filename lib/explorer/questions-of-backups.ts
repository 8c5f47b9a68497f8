// What an operator asks of backups and of the drills that prove them.
import {
  appOnly,
  between,
  type Chapter,
  inLastDays,
  isGiven,
  lastDays,
  local,
  megabytes,
  onePage,
  page,
} from './question.ts';

export const backups: Chapter = {
  heading: 'Backups',
  questions: [
    {
      name: 'protection',
      title: 'How well is each app protected?',
      description:
        'For each app its newest proven backup, until when the database is known to be as in one, how many there are, and when one was last restored for a test. What was pruned counts as well: the list of the store is db-backup list-backups.',
      parameters: [appOnly],
      sql: `
WITH each AS (
  SELECT app, max(taken_at) FILTER (WHERE state = 'proven') AS newest, count(*) FILTER (WHERE state = 'proven') AS proven,
    count(*) FILTER (WHERE state = 'suspect') AS suspect, count(*) FILTER (WHERE state LIKE 'damaged%') AS damaged
  FROM backups
  WHERE ${isGiven('app', 'app')}
  GROUP BY app
),
looked AS (
  SELECT looks.app, max(looks.at) AS at FROM looks JOIN backups USING (app, name) WHERE state = 'proven' GROUP BY looks.app
),
drilled AS (SELECT app, max(at) AS at FROM drills WHERE outcome = 'passed' GROUP BY app)
SELECT app, ${local('newest')} AS "newest proven", ${between('newest', "'now'", 'hours')} AS "hours ago",
  ${local('max(newest, coalesce(looked.at, newest))')} AS "protected until", proven, suspect, damaged,
  ${local('drilled.at')} AS "last drill passed", ${between('drilled.at', "'now'", 'days')} AS "days ago"
FROM each LEFT JOIN looked USING (app) LEFT JOIN drilled USING (app)
ORDER BY app
LIMIT 200`,
    },
    {
      name: 'backups-made',
      title: 'Which backups are proven?',
      description:
        'The backups that were made, the newest first, and the last drill that restored each of them.',
      parameters: [
        appOnly,
        {
          name: 'state',
          meaning: 'proven, suspect, damaged, damaged-untold, removed or all; proven unless given',
        },
        page,
      ],
      sql: `
SELECT ${local('taken_at')} AS "taken", ${between('taken_at', "'now'", 'days')} AS "days ago", app,
  ${megabytes('size_bytes')} AS "MB", ${megabytes('stored_bytes')} AS "took, MB", state,
  (SELECT ${local('max(at)')} FROM drills
    WHERE drills.app = backups.app AND drills.name = backups.name AND outcome = 'passed') AS "restored by a drill",
  name, note, base AS "based on", run_id AS "run"
FROM backups
WHERE ${isGiven('app', 'app')} AND trim(:state) IN ('all', state, iif(state = 'proven', '', state))
ORDER BY taken_at DESC
${onePage}`,
    },
    {
      name: 'backup-size',
      title: 'How has the size of backups grown?',
      description:
        'The databases in the backups of each app, the newest first, with what it has grown by since the one before.',
      parameters: [lastDays(90), appOnly, page],
      sql: `
SELECT ${local('taken_at')} AS "taken", app, ${megabytes('size_bytes')} AS "MB",
  ${megabytes('size_bytes - lag(size_bytes) OVER (PARTITION BY app ORDER BY taken_at)')} AS "grown by, MB",
  round(100.0 * size_bytes / lag(size_bytes) OVER (PARTITION BY app ORDER BY taken_at) - 100, 1) AS "grown by, %", state
FROM backups
WHERE state <> 'damaged' AND ${inLastDays('taken_at', 90)} AND ${isGiven('app', 'app')}
ORDER BY taken_at DESC
${onePage}`,
    },
    {
      name: 'size-by-month',
      title: 'How large were backups month by month?',
      description:
        'Each month of each app: how many backups there were, the largest database in them, and what all of them together took in the store.',
      parameters: [appOnly, page],
      sql: `
SELECT strftime('%Y-%m', taken_at, 'localtime') AS "month", app, count(*) AS "backups",
  ${megabytes('min(size_bytes)')} AS "smallest, MB", ${megabytes('max(size_bytes)')} AS "largest, MB",
  ${megabytes('sum(stored_bytes)')} AS "took together, MB"
FROM backups
WHERE ${isGiven('app', 'app')}
GROUP BY 1, app
ORDER BY 1 DESC, app
${onePage}`,
    },
    {
      name: 'drills-held',
      title: 'Did restore drills pass?',
      description:
        'Restore drills, the newest first: which backup was restored for a test, and whether it was whole.',
      parameters: [
        lastDays(90),
        appOnly,
        { name: 'outcome', meaning: 'passed or failed; both unless given' },
        page,
      ],
      sql: `
SELECT ${local('at')} AS "when", app, outcome, name AS "backup", detail, run_id AS "run"
FROM drills
WHERE ${inLastDays('at', 90)} AND ${isGiven('app', 'app')} AND ${isGiven('outcome', 'outcome')}
ORDER BY at DESC
${onePage}`,
    },
  ],
};

export const alerts: Chapter = {
  heading: 'Alerts',
  questions: [
    {
      name: 'alerts-sent',
      title: 'What did alerts say?',
      description:
        'Messages that a channel took, or refused for good, the newest first, with the checks that they were about.',
      parameters: [
        lastDays(7),
        { name: 'outcome', meaning: 'delivered or refused; both unless given' },
        { name: 'channel', meaning: 'ntfy, slack or desktop; all unless given' },
        page,
      ],
      sql: `
SELECT ${local('at')} AS "when", channel, title AS "message", outcome, reason AS "why refused", checks
FROM deliveries
WHERE ${inLastDays('at', 7)} AND ${isGiven('outcome', 'outcome')} AND ${isGiven('channel', 'channel')}
ORDER BY at DESC
${onePage}`,
    },
    {
      name: 'alerts-by-check',
      title: 'What are most alerts about?',
      description: 'The checks that were told of most often, with the first and the last message about each.',
      parameters: [lastDays(30)],
      sql: `
SELECT iif(checks = '', 'none: a test', checks) AS "checks", count(*) AS "messages",
  count(*) FILTER (WHERE outcome = 'refused') AS "refused", ${local('min(at)')} AS "first", ${local('max(at)')} AS "last"
FROM deliveries
WHERE ${inLastDays('at', 30)}
GROUP BY checks
ORDER BY count(*) DESC, checks
LIMIT 200`,
    },
  ],
};
