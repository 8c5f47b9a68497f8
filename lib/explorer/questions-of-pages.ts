// What an operator asks of backups in pages: what they cost, what a restore of one needs, and how the fulls stand.
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

/**
 * For each backup in pages of an app what a restore of it reads, down to its full: `last` is the lowest that is known, and
 * `base` is empty once that is the full. A base is of a lower level, so that a manifest that lies about its own ends it too.
 */
const links = `
link(app, name, base, level, bytes, needed, last) AS (
  SELECT app, name, base, level, stored_bytes, 1, name FROM backups
  WHERE format = 'pages' AND ${isGiven('app', 'app')}
  UNION ALL
  SELECT link.app, link.name, below.base, below.level, link.bytes + below.stored_bytes, link.needed + 1, below.name
  FROM link JOIN backups AS below ON below.app = link.app AND below.name = link.base AND below.level < link.level
)`;

export const pagesOfBackups: Chapter = {
  heading: 'Backups that cost what changed',
  questions: [
    {
      name: 'restore-needs',
      title: 'What does a restore to each hour need?',
      description:
        'Each backup in pages, the newest first: what it took in the store, and how many backups, of which size, a restore of it reads. What was pruned counts as well: what is there is restore list, and the chain of one is restore plan.',
      parameters: [lastDays(7), appOnly, page],
      sql: `
WITH RECURSIVE ${links}
SELECT ${local('taken_at')} AS "taken", app, iif(backups.level = 0, 'full', 'increment of level ' || backups.level) AS "kind",
  ${megabytes('stored_bytes')} AS "took, MB", needed AS "a restore reads", ${megabytes('bytes')} AS "of MB",
  ${local('looks.at')} AS "still the same", state, name, last AS "full"
FROM backups LEFT JOIN link USING (app, name) LEFT JOIN looks USING (app, name)
WHERE format = 'pages' AND (link.name IS NULL OR link.base IS NULL) AND ${isGiven('app', 'app')} AND ${inLastDays('taken_at', 7)}
ORDER BY taken_at DESC
${onePage}`,
    },
    {
      name: 'fulls',
      title: 'How do the fulls stand?',
      description:
        'Each full, the newest first, with the increments that were ever made on it. A new one is due when they cost more than half of it.',
      parameters: [appOnly, page],
      sql: `
WITH RECURSIVE ${links}
SELECT ${local('taken_at')} AS "taken", ${between('taken_at', "'now'", 'days')} AS "days ago", backups.app,
  ${megabytes('stored_bytes')} AS "took, MB", count(own.name) AS "increments",
  ${megabytes('total(own.stored)')} AS "increments, MB", round(100 * total(own.stored) / stored_bytes, 1) AS "of the full, %",
  ${local('max(own.at)')} AS "newest increment", state, backups.name
FROM backups LEFT JOIN (
  SELECT link.app, link.last, link.name, made.stored_bytes AS stored, made.taken_at AS at
  FROM link JOIN backups AS made USING (app, name)
  WHERE link.base IS NULL AND made.level > 0
) AS own ON own.app = backups.app AND own.last = backups.name
WHERE format = 'pages' AND level = 0 AND ${isGiven('backups.app', 'app')}
GROUP BY backups.app, backups.name
ORDER BY taken_at DESC
${onePage}`,
    },
    {
      name: 'cost-by-day',
      title: 'What did backups cost, day by day?',
      description:
        'What each day of each app added to the store, beside the size of its largest database: plain files cost all of it each time, increments what changed.',
      parameters: [lastDays(30), appOnly, page],
      sql: `
SELECT date(taken_at, 'localtime') AS "day", app, count(*) AS "backups", count(*) FILTER (WHERE level = 0) AS "fulls",
  ${megabytes('sum(stored_bytes)')} AS "added, MB", ${megabytes('max(size_bytes)')} AS "database, MB"
FROM backups
WHERE state NOT LIKE 'damaged%' AND ${inLastDays('taken_at', 30)} AND ${isGiven('app', 'app')}
GROUP BY 1, app
ORDER BY 1 DESC, app
${onePage}`,
    },
  ],
};
