// What is old is forgotten once a day: all of it that decides nothing, and nothing of what is dated after now.
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { historyWorld, runStart } from '../../support/history-world.ts';

test('rows older than they have to be kept go, but for runs that count as running and backups found bad', () => {
  const { history, path } = historyWorld();
  history.begin(runStart('a'));
  history.close();
  const database = new Database(path);
  const old = '2024-01-01T00:00:00.000Z';
  const later = '2099-01-01T00:00:00.000Z';
  database.exec(`
    INSERT INTO runs SELECT 'old-done', job, command, app, host, machine, boot_id, pid_namespace, pid, start_ticks, '${old}', '${old}', 'done', 0, NULL, holdfast_version, NULL, NULL FROM runs;
    INSERT INTO runs SELECT 'old-running', job, command, app, host, machine, boot_id, pid_namespace, pid, start_ticks, '${old}', NULL, 'running', NULL, NULL, holdfast_version, NULL, NULL FROM runs WHERE id = 'a';
    INSERT INTO looks VALUES ('ctv', 'old.db', 'x', '${old}', 3), ('ctv', 'later.db', 'x', '${later}', 1);
    INSERT INTO backups (app, name, run_id, taken_at, size_bytes, sha256, state, published_at) VALUES ('ctv', 'old.db', 'x', '${old}', 1, 'x', 'proven', NULL), ('ctv', 'bad.db', 'x', '${old}', 1, 'x', 'damaged-untold', NULL), ('ctv', 'later.db', 'x', '${later}', 1, 'x', 'proven', NULL);
    INSERT INTO drills (run_id, app, name, at, outcome, detail) VALUES ('x', 'ctv', 'old.db', '${old}', 'passed', '');
    INSERT INTO deliveries (at, channel, checks, title, outcome) VALUES ('${old}', 'ntfy', '', 't', 'delivered');
    INSERT INTO check_changes (at, check_name, subject, before, after, message) VALUES ('${old}', 'c', 's', 'ok', 'warning', 'm');
    INSERT INTO measurements VALUES ('c', 's', 'value', '${old}', 1), ('c', 's', 'value', '${later}', 1);
    INSERT INTO batches VALUES (1, '${old}', 'x', 'sent', 'a', 's', 'e', 1, 1, 'applied', 1, 0, 0, 0, 0, '', NULL), (2, '${later}', 'x', 'sent', 'a', 's', 'e', 2, 1, 'applied', 1, 0, 0, 0, 0, '', NULL), (600000, '${later}', 'x', 'sent', 'a', 's', 'e', 3, 1, 'applied', 1, 0, 0, 0, 0, '', NULL);
    INSERT INTO incidents (check_name, opened_at, closed_at, severity, message, apps) VALUES ('a', '${old}', '${old}', 'warning', '', ''), ('b', '${old}', NULL, 'warning', '', '')`);
  const names = (sql: string) => database.prepare(sql).pluck().all();
  const again = historyWorld(path).history;
  again.prune(400);
  expect(names('SELECT id FROM runs ORDER BY id')).toEqual(['a', 'old-running']);
  expect(names('SELECT name FROM backups ORDER BY name')).toEqual(['bad.db', 'later.db']);
  expect(names('SELECT name FROM looks')).toEqual(['later.db']);
  expect(names('SELECT check_name FROM incidents')).toEqual(['b']);
  expect(names('SELECT id FROM batches')).toEqual([600000]); // too old, and one too many
  for (const table of ['drills', 'deliveries', 'check_changes'])
    expect(names(`SELECT count(*) FROM ${table}`), table).toEqual([0]);
  expect(names('SELECT at FROM measurements')).toEqual([later]);
  // Once a day, whoever asks.
  database.exec(
    `INSERT INTO deliveries (at, channel, checks, title, outcome) VALUES ('${old}', 'ntfy', '', 't', 'delivered')`,
  );
  again.prune(400);
  expect(names('SELECT count(*) FROM deliveries')).toEqual([1]);
  database.close();
});
