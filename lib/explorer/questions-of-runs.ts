// What an operator asks of runs: what failed, how the nights went, what has not run.
import {
  appOnly,
  between,
  type Chapter,
  inLastDays,
  isGiven,
  lastDays,
  local,
  megabytes,
  ofApp,
  onePage,
  page,
} from './question.ts';

const command = `job || ' ' || command AS "command"`;
const whichApp = `coalesce(app, 'all') AS "app"`;
const minutes = between('started_at', 'ended_at', 'minutes');
const isNight = `job = 'db-backup' AND command = 'run'`;

export const runs: Chapter = {
  heading: 'Runs',
  questions: [
    {
      name: 'what-failed',
      title: 'What failed?',
      description:
        'Runs that failed, ended with bad news, or were killed, the newest first. A run that found another at work is not among them.',
      parameters: [lastDays(7), appOnly, page],
      sql: `
SELECT ${local('started_at')} AS "began", ${whichApp}, ${command}, outcome, exit_code AS "exit code",
  message, ${minutes} AS "minutes", id AS "run"
FROM runs
WHERE outcome IN ('failed', 'bad-news', 'interrupted') AND ${inLastDays('started_at', 7)} AND ${ofApp}
ORDER BY started_at DESC
${onePage}`,
    },
    {
      name: 'nights',
      title: 'How long did each night take?',
      description:
        'The nightly backups, the newest first: when each began, how long it took, and what it made.',
      parameters: [lastDays(30), appOnly, page],
      sql: `
SELECT date(started_at, 'localtime') AS "night", ${whichApp}, strftime('%H:%M', started_at, 'localtime') AS "began",
  ${minutes} AS "minutes", outcome,
  (SELECT ${megabytes('sum(size_bytes)')} FROM backups WHERE run_id = runs.id) AS "backups, MB",
  ${megabytes('sent_bytes')} AS "sent, MB", ${megabytes('received_bytes')} AS "received, MB", message
FROM runs
WHERE ${isNight} AND ${inLastDays('started_at', 30)} AND ${ofApp}
ORDER BY started_at DESC
${onePage}`,
    },
    {
      name: 'slow-nights',
      title: 'Which nights were slow?',
      description:
        'Nightly backups that took much longer than the 30 before them did on average. The first week of an app is not judged.',
      parameters: [
        { name: 'times', meaning: 'from how many times as long on; 2 unless given' },
        lastDays(90),
        appOnly,
        page,
      ],
      sql: `
WITH nights AS (
  SELECT started_at, app, ${minutes} AS minutes, outcome, message, id,
    avg(${minutes}) OVER before AS usual, count(*) OVER before AS known
  FROM runs
  WHERE ${isNight} AND ended_at IS NOT NULL
  WINDOW before AS (PARTITION BY app ORDER BY started_at ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING)
)
SELECT date(started_at, 'localtime') AS "night", ${whichApp}, minutes, round(usual, 1) AS "usual minutes",
  round(minutes / usual, 1) AS "times as long", outcome, message, id AS "run"
FROM nights
WHERE known >= 7 AND minutes >= usual * max(1, CAST(coalesce(nullif(trim(:times), ''), 2) AS REAL))
  AND ${inLastDays('started_at', 90)} AND ${ofApp}
ORDER BY started_at DESC
${onePage}`,
    },
    {
      name: 'last-runs',
      title: 'What ran last, and how did it end?',
      description: 'The newest run of each command and app.',
      parameters: [appOnly, { name: 'job', meaning: 'one job, such as db-backup; all unless given' }, page],
      sql: `
SELECT ${whichApp}, ${command}, ${local('max(started_at)')} AS "began",
  ${between('max(started_at)', "'now'", 'hours')} AS "hours ago", outcome, exit_code AS "exit code", message
FROM runs
WHERE ${ofApp} AND ${isGiven('job', 'job')}
GROUP BY job, command, app
ORDER BY max(started_at) DESC
${onePage}`,
    },
    {
      name: 'overdue',
      title: 'What has not run for too long?',
      description:
        'Commands that ran regularly, at least 7 times in 60 days, and whose last run is longer ago than they usually take turns.',
      parameters: [{ name: 'times', meaning: 'from how many usual intervals on; 2 unless given' }, appOnly],
      sql: `
WITH each AS (
  SELECT job, command, app, max(started_at) AS last,
    (julianday(max(started_at)) - julianday(min(started_at))) / (count(*) - 1) AS interval
  FROM runs
  WHERE started_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-60 days') AND ${ofApp}
  GROUP BY job, command, app
  HAVING count(*) >= 7
)
SELECT ${whichApp}, ${command}, ${local('last')} AS "last run", ${between('last', "'now'", 'hours')} AS "hours ago",
  round(interval * 24, 1) AS "usual hours between"
FROM each
WHERE julianday('now') - julianday(last) > interval * max(1, CAST(coalesce(nullif(trim(:times), ''), 2) AS REAL))
ORDER BY last
LIMIT 200`,
    },
    {
      name: 'running-now',
      title: 'What is running now?',
      description:
        'Runs that have begun and not ended. One that was killed stands here until the next run of its app has noticed.',
      parameters: [appOnly],
      sql: `
SELECT ${local('started_at')} AS "began", ${between('started_at', "'now'", 'minutes')} AS "minutes ago", ${whichApp},
  ${command}, host, pid, id AS "run"
FROM runs
WHERE outcome = 'running' AND ${ofApp}
ORDER BY started_at
LIMIT 200`,
    },
    {
      name: 'one-run',
      title: 'What did one run do?',
      description: 'A run, the backups that it made or found damaged, and its restore drills.',
      parameters: [
        { name: 'run', meaning: 'its id, as the log and other answers show it; the newest run unless given' },
      ],
      sql: `
WITH chosen AS (
  SELECT * FROM runs WHERE id = trim(:run)
  UNION ALL
  SELECT * FROM (SELECT * FROM runs WHERE trim(:run) = '' ORDER BY started_at DESC LIMIT 1)
)
SELECT ${local('started_at')} AS "when", ${whichApp}, 'run' AS "what", job || ' ' || command AS "name", outcome AS "result",
  trim(coalesce('exit code ' || exit_code, '') || ' ' || coalesce(message, '')) AS "detail",
  ${minutes} AS "minutes", holdfast_version AS "Holdfast", id AS "run"
FROM chosen
UNION ALL
SELECT ${local('taken_at')}, app, 'backup', name, state, ${megabytes('size_bytes')} || ' MB, SHA-256 ' || sha256, NULL, NULL, run_id
FROM backups WHERE run_id IN (SELECT id FROM chosen)
UNION ALL
SELECT ${local('at')}, app, 'drill', name, outcome, detail, NULL, NULL, run_id
FROM drills WHERE run_id IN (SELECT id FROM chosen)
LIMIT 200`,
    },
  ],
};
