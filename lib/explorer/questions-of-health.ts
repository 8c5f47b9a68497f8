// What an operator asks of health checks: what is bad now and since when, how a check went, what incidents there were.
import {
  between,
  type Chapter,
  inLastDays,
  isGiven,
  lastDays,
  local,
  onePage,
  page,
  type Parameter,
} from './question.ts';

const check: Parameter = { name: 'check', meaning: 'one check, such as disk-space; all unless given' };
const subject: Parameter = {
  name: 'subject',
  meaning: 'one thing that it looks at, such as /; all unless given',
};

const isCheck = isGiven('check_name', 'check');
const isSubject = isGiven('subject', 'subject');

export const health: Chapter = {
  heading: 'Health',
  questions: [
    {
      name: 'bad-now',
      title: 'What is wrong now?',
      description:
        'Checks that are not well, the worst first: since when, what was seen, and the command that helps. An empty answer is a good one, if health-check still runs: the next question says when it did.',
      parameters: [check],
      sql: `
SELECT verdict, check_name AS "check", subject, message, hint AS "what helps", ${local('since')} AS "since",
  ${between('since', "'now'", 'hours')} AS "for hours", ${local('alarm_since')} AS "alarm since",
  hidden_by AS "because of", ${local('at')} AS "last asked"
FROM checks
WHERE verdict <> 'ok' AND ${isCheck}
ORDER BY CASE verdict WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, since, check_name, subject
LIMIT 200`,
    },
    {
      name: 'all-checks',
      title: 'How is everything?',
      description:
        'The newest answer of each check, as health-check status shows it, and how long ago it was asked.',
      parameters: [
        check,
        { name: 'verdict', meaning: 'ok, warning, critical or unknown; all unless given' },
        page,
      ],
      sql: `
SELECT check_name AS "check", subject, verdict, message, round(value, 2) AS "value", unit, ${local('since')} AS "since",
  ${local('at')} AS "last asked", ${between('at', "'now'", 'minutes')} AS "minutes ago"
FROM checks
WHERE ${isCheck} AND ${isGiven('verdict', 'verdict')}
ORDER BY check_name, subject
${onePage}`,
    },
    {
      name: 'what-changed',
      title: 'What changed?',
      description: 'When the answer to a check became another one, the newest first.',
      parameters: [lastDays(7), check, subject, page],
      sql: `
SELECT ${local('at')} AS "when", check_name AS "check", subject, before, after, message
FROM check_changes
WHERE ${inLastDays('at', 7)} AND ${isCheck} AND ${isSubject}
ORDER BY at DESC, id DESC
${onePage}`,
    },
    {
      name: 'how-a-check-went',
      title: 'How did a check go, hour by hour?',
      description:
        'What was measured, the newest first. The value of the check itself is called value; the name of any other ends with its unit.',
      parameters: [
        { ...check, meaning: 'the check, such as disk-space; without one there is no answer' },
        subject,
        { name: 'measure', meaning: 'one of the names, such as value; all unless given' },
        lastDays(7),
        page,
      ],
      sql: `
SELECT ${local('at')} AS "when", subject, name AS "measure", round(value, 2) AS "value"
FROM measurements
WHERE check_name = trim(:check) AND ${isSubject} AND ${isGiven('name', 'measure')} AND ${inLastDays('at', 7)}
ORDER BY at DESC, subject, name
${onePage}`,
    },
    {
      name: 'check-by-day',
      title: 'How did a check go, day by day?',
      description: 'The lowest, the average and the highest value of each day, the newest day first.',
      parameters: [
        { ...check, meaning: 'the check, such as disk-space; without one there is no answer' },
        subject,
        { name: 'measure', meaning: 'one of the names; value, that of the check itself, unless given' },
        lastDays(90),
        page,
      ],
      sql: `
SELECT date(at, 'localtime') AS "day", subject, round(min(value), 2) AS "lowest", round(avg(value), 2) AS "average",
  round(max(value), 2) AS "highest", count(*) AS "values"
FROM measurements
WHERE check_name = trim(:check) AND ${isSubject} AND name = coalesce(nullif(trim(:measure), ''), 'value')
  AND ${inLastDays('at', 90)}
GROUP BY 1, subject
ORDER BY 1 DESC, subject
${onePage}`,
    },
    {
      name: 'restless-checks',
      title: 'Which checks change most often?',
      description:
        'Checks that go back and forth: their limits are too near to what is usual, or something is about to fail.',
      parameters: [lastDays(30)],
      sql: `
SELECT check_name AS "check", subject, count(*) AS "changes", count(*) FILTER (WHERE after <> 'ok') AS "for the worse",
  ${local('max(at)')} AS "last change", message AS "last message"
FROM check_changes
WHERE ${inLastDays('at', 30)}
GROUP BY check_name, subject
ORDER BY count(*) DESC, check_name, subject
LIMIT 200`,
    },
    {
      name: 'incidents-by-time',
      title: 'What incidents were there?',
      description:
        'What people were told of, or would have been, the newest first: from the first failure to the end. One without an end lasts.',
      parameters: [
        lastDays(90),
        { ...check, meaning: 'one, such as db-backup@ctv or health:disk-space@-; all unless given' },
        page,
      ],
      sql: `
SELECT ${local('opened_at')} AS "began", ${local('closed_at')} AS "ended",
  ${between('opened_at', "coalesce(closed_at, 'now')", 'hours')} AS "hours", severity, check_name AS "check", message, apps
FROM incidents
WHERE (closed_at IS NULL OR ${inLastDays('closed_at', 90)}) AND ${isCheck}
ORDER BY opened_at DESC
${onePage}`,
    },
  ],
};
