// Incidents: when one opens, what is said of it and how often, and when it is over (A2).
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../lib/incident/observation.ts';
import { AlertMachine, day, hour, minute, observation } from '../../support/alert-events.ts';

describe('how runs end, and what is said', () => {
  test.each<[string, RunResult[], string[][], object?]>([
    ['nothing of a run that is well', ['done', 'done'], [[], []]],
    ['the first failure, though nothing was well before', ['failed'], [['failing']]],
    ['a failure once', ['failed', 'failed', 'failed'], [['failing'], [], []]],
    ['a recovery once', ['failed', 'done', 'done'], [['failing'], ['recovered'], []]],
    ['a second incident anew', ['failed', 'done', 'failed'], [['failing'], ['recovered'], ['failing']]],
    ['bad news as a failure', ['bad-news', 'done'], [['failing'], ['recovered']]],
    ['a kill as a failure', ['killed', 'done'], [['failing'], ['recovered']]],
    [
      'the third failure where it takes three',
      ['failed', 'failed', 'failed'],
      [[], [], ['failing']],
      { failures: 3 },
    ],
    [
      'nothing of failures that are not in a row',
      ['failed', 'done', 'failed', 'done'],
      [[], [], [], []],
      { failures: 2 },
    ],
    [
      'the second good run where it takes two',
      ['failed', 'done', 'done'],
      [['failing'], [], ['recovered']],
      { recoveries: 2 },
    ],
    [
      'no recovery that does not last',
      ['failed', 'done', 'failed', 'done', 'done'],
      [['failing'], [], [], [], ['recovered']],
      { recoveries: 2 },
    ],
    ['nothing of one run that was left out', ['busy', 'busy', 'done', 'busy', 'busy'], [[], [], [], [], []]],
    [
      'the third run in a row that was left out',
      ['busy', 'busy', 'busy', 'done'],
      [[], [], ['failing'], ['recovered']],
    ],
    ['nothing of one run that was stopped', ['interrupted', 'done', 'interrupted'], [[], [], []]],
    [
      'the second run in a row that was stopped',
      ['interrupted', 'interrupted', 'done'],
      [[], ['failing'], ['recovered']],
    ],
    ['no recovery by a run that was left out', ['failed', 'busy', 'done'], [['failing'], [], ['recovered']]],
  ])('%s', (_, results, said, changes = {}) => {
    const machine = new AlertMachine(changes);
    const heard = results.map((result) => {
      machine.now += 5 * minute;
      return machine.run(result);
    });
    expect(heard).toEqual(said);
  });

  test('critical news does not wait for more of it', () => {
    const machine = new AlertMachine({ failures: 3 });
    expect(machine.run('bad-news', { severity: 'critical' })).toEqual(['failing']);
  });

  test('thresholds of one job hold for it and its apps, and for no other', () => {
    const machine = new AlertMachine({ jobs: { 'health-check': { failures: 2, recoveries: 2 } } });
    expect(machine.run('failed', { check: 'health-check' })).toEqual([]);
    expect(machine.run('failed', { check: 'health-check@ctv' })).toEqual([]);
    expect(machine.run('failed', { check: 'health-check@ctv' })).toEqual(['failing health-check@ctv']);
    expect(machine.run('done', { check: 'health-check@ctv' })).toEqual([]);
    expect(machine.run('failed')).toEqual(['failing']);
  });

  test('an app that joins the failing ones is told, one that was told is not', () => {
    const machine = new AlertMachine();
    const hit = (...apps: string[]) =>
      machine.run('failed', { facts: { ...observation('failed').facts, apps } });
    expect(hit('a')).toEqual(['failing']);
    expect(hit('a', 'b')).toEqual(['worse']);
    expect(hit('b')).toEqual([]);
  });

  test('what becomes critical is told at once', () => {
    const machine = new AlertMachine();
    expect(machine.run('failed')).toEqual(['failing']);
    expect(machine.run('bad-news', { severity: 'critical' })).toEqual(['worse']);
    expect(machine.run('bad-news', { severity: 'critical' })).toEqual([]);
  });

  test('a good run of all apps ends the incidents of single apps and of what it does too, and of nothing else', () => {
    const machine = new AlertMachine();
    for (const check of ['db-backup@ctv', 'db-backup-upload', 'db-backup-verify', 'db-backupper'])
      expect(machine.run('failed', { check })).toEqual([`failing ${check}`]);
    expect(machine.run('done', { proves: ['db-backup-upload'] })).toEqual([
      'recovered db-backup-upload, recovered db-backup@ctv',
    ]);
    expect(machine.run('done', { check: 'db-backup@ctv' })).toEqual([]);
  });

  test.each<[string, [RunResult, string][], string[]]>([
    [
      'each of them',
      [
        ['done', 'a'],
        ['done', 'b'],
      ],
      ['recovered'],
    ],
    [
      'one of them twice',
      [
        ['done', 'a'],
        ['done', 'a'],
      ],
      [],
    ],
    [
      'one of them, and the other not',
      [
        ['done', 'a'],
        ['failed', 'b'],
      ],
      ['failing db-backup@b'],
    ],
    [
      'another one',
      [
        ['done', 'a'],
        ['done', 'c'],
      ],
      [],
    ],
  ])('a failure of all apps is closed by good runs of each: %s', (_, runs, said) => {
    const machine = new AlertMachine();
    const failed = () =>
      machine.run('failed', { facts: { ...observation('failed').facts, apps: ['a', 'b'] } });
    expect(failed()).toEqual(['failing']);
    const heard = runs.flatMap(([result, app]) => machine.run(result, { check: `db-backup@${app}` }));
    expect(heard).toEqual(said);
  });

  test('a failure of all apps that comes again needs good runs of each again, and so does what a run of one proves', () => {
    const machine = new AlertMachine();
    const failed = (check: string) =>
      machine.run('failed', { check, facts: { ...observation('failed').facts, apps: ['a', 'b'] } });
    const well = (app: string) =>
      machine.run('done', { check: `db-backup@${app}`, proves: [`db-backup-upload@${app}`] });
    for (const check of ['db-backup', 'db-backup-upload']) failed(check);
    well('a');
    failed('db-backup');
    expect(well('b')).toEqual(['recovered db-backup-upload']);
    expect(well('a')).toEqual(['recovered']);
  });
});

describe('one run that is reported twice', () => {
  test.each<[string, RunResult, RunResult, string[][]]>([
    ['by itself, then by systemd', 'failed', 'killed', [['failing'], []]],
    ['by systemd, then by itself', 'killed', 'failed', [['failing'], []]],
    ['as bad news, then by systemd', 'bad-news', 'killed', [['failing'], []]],
    ['as stopped, then by systemd as out of time', 'interrupted', 'killed', [[], ['failing']]],
    ['as left out, then by systemd', 'busy', 'busy', [[], []]],
  ])('%s is one alert', (_, first, second, said) => {
    const machine = new AlertMachine();
    expect([machine.run(first, { runId: 'same' }), machine.run(second, { runId: 'same' })]).toEqual(said);
    expect(machine.run('done')).toEqual(said.flat().length > 0 ? ['recovered'] : []);
  });

  test('counts once towards a threshold', () => {
    const machine = new AlertMachine({ failures: 2 });
    machine.run('failed', { runId: 'same' });
    expect(machine.run('failed', { runId: 'same' })).toEqual([]);
    expect(machine.run('failed', { runId: 'another' })).toEqual(['failing']);
  });

  test('is one alert under another name too: the one that came first', () => {
    const machine = new AlertMachine();
    expect(machine.run('failed', { runId: 'same', check: 'restore-drill' })).toEqual([
      'failing restore-drill',
    ]);
    expect(machine.run('killed', { runId: 'same', check: 'restore' })).toEqual([]);
  });

  test('says what the run itself had to say, whichever came first', () => {
    const machine = new AlertMachine();
    const facts = observation('killed').facts;
    machine.run('killed', {
      runId: 'same',
      facts: { ...facts, runId: 'same', message: 'status 69', exitCode: undefined },
    });
    machine.run('failed', {
      runId: 'same',
      facts: { ...facts, runId: 'same', message: 'the store is gone' },
    });
    expect(machine.state.checks[0]?.incident?.facts.message).toBe('the store is gone');
  });

  // Who handles the failure of a unit that runs again by then hears of a success, and guesses that it was not started.
  const guess = { runId: 'same', facts: { ...observation('failed').facts, runId: 'same', message: 'guess' } };
  test.each<[string, (machine: AlertMachine) => string[][], string[][]]>([
    ['after its own word', (it) => [it.run('done', { runId: 'same' }), guessed(it)], [[], []]],
    [
      'before its own word',
      (it) => [guessed(it), it.run('done', { runId: 'same' })],
      [['failing'], ['recovered']],
    ],
    [
      'after a failure of the run before, of which the good run is the end',
      (it) => [it.run('failed'), it.run('done', { runId: 'same' }), guessed(it)],
      [['failing'], ['recovered'], []],
    ],
  ])("a run's own word that it is well beats a guess that came %s", (_, happen, said) => {
    const machine = new AlertMachine();
    expect(happen(machine)).toEqual(said);
    expect(machine.run('done')).toEqual([]);
  });

  function guessed(machine: AlertMachine): string[] {
    return machine.run('failed', { ...guess, facts: { ...guess.facts, exitCode: undefined } });
  }

  test('that is well by its own word and was killed all the same keeps its cause', () => {
    const machine = new AlertMachine();
    const facts = {
      ...observation('killed').facts,
      runId: 'same',
      message: 'took too long',
      exitCode: undefined,
    };
    machine.run('killed', { runId: 'same', facts });
    machine.run('done', { runId: 'same', facts: { ...facts, message: '', exitCode: 0 } });
    expect(machine.state.checks[0]?.incident?.facts.message).toBe('took too long');
  });

  test('runs without an id are never taken for one', () => {
    const machine = new AlertMachine({ failures: 2 });
    expect(machine.run('failed', { runId: undefined })).toEqual([]);
    expect(machine.run('failed', { runId: undefined })).toEqual(['failing']);
  });
});

describe('reminders', () => {
  test('come after four hours, and then daily', () => {
    const machine = new AlertMachine();
    machine.run('failed', { severity: 'critical' });
    expect(machine.pass(3 * hour + 45 * minute)).toEqual([]);
    expect(machine.pass(15 * minute)).toEqual(['reminder']);
    expect(machine.pass(23 * hour)).toEqual([]);
    expect(machine.pass(hour)).toEqual(['reminder']);
    expect(machine.pass(24 * hour)).toEqual(['reminder']);
  });

  test('do not come where there are none, and one is enough after a long silence', () => {
    const none = new AlertMachine({ reminders: [], escalateAfter: 1000 * day });
    none.run('failed');
    expect(none.pass(10 * day)).toEqual([]);
    const asleep = new AlertMachine();
    asleep.run('failed', { severity: 'critical' });
    expect(asleep.jump(10 * day)).toEqual(['reminder']);
    expect(asleep.pass(23 * hour)).toEqual([]);
  });

  test('a warning that lasts a day becomes critical, once', () => {
    const machine = new AlertMachine({ reminders: [] });
    machine.run('failed');
    expect(machine.pass(23 * hour + 45 * minute)).toEqual([]);
    expect(machine.pass(15 * minute)).toEqual(['worse']);
    expect(machine.pass(5 * day)).toEqual([]);
  });
});

describe('acknowledging', () => {
  test('silences reminders until it ends, and not a day longer', () => {
    const machine = new AlertMachine();
    machine.run('failed', { severity: 'critical' });
    machine.acknowledge(8 * hour);
    expect(machine.pass(7 * hour + 45 * minute)).toEqual([]);
    expect(machine.pass(15 * minute)).toEqual(['reminder']);
  });

  test('begins the pause between reminders anew when it ends', () => {
    const machine = new AlertMachine();
    machine.run('failed', { severity: 'critical' });
    machine.acknowledge(8 * hour);
    expect(machine.pass(8 * hour)).toEqual(['reminder']);
    expect(machine.pass(23 * hour + 45 * minute)).toEqual([]);
    expect(machine.pass(15 * minute)).toEqual(['reminder']);
  });

  test('holds though a warning becomes critical by lasting', () => {
    const machine = new AlertMachine();
    machine.run('failed');
    machine.acknowledge(undefined);
    expect(machine.pass(3 * day)).toEqual([]);
  });

  test('without an end holds until the recovery, which is told', () => {
    const machine = new AlertMachine();
    machine.run('failed', { severity: 'critical' });
    machine.acknowledge(undefined);
    expect(machine.pass(30 * day)).toEqual([]);
    expect(machine.run('done')).toEqual(['recovered']);
    expect(machine.run('failed')).toEqual(['failing']);
  });

  test('silences no other app, and nothing where nothing is wrong', () => {
    const machine = new AlertMachine();
    expect(machine.acknowledge(8 * hour)).toEqual([]);
    expect(machine.run('failed')).toEqual(['failing']);
    machine.acknowledge(8 * hour);
    expect(machine.run('failed', { facts: { ...observation('failed').facts, apps: ['other'] } })).toEqual([
      'worse',
    ]);
  });
});

describe('flapping', () => {
  test('is told as such, and then only when it has been quiet for an hour', () => {
    const machine = new AlertMachine();
    const said: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      machine.now += 5 * minute;
      said.push(...machine.run(i % 2 === 0 ? 'failed' : 'done'));
    }
    expect(said).toEqual(['failing', 'recovered', 'failing', 'recovered', 'failing']);
    expect(machine.state.checks[0]?.incident?.flapping).toBe(true);
    machine.now += hour;
    expect(machine.run('done')).toEqual(['recovered']);
    machine.now += 2 * hour;
    expect(machine.run('failed')).toEqual(['failing']);
    expect(machine.state.checks[0]?.incident?.flapping).toBe(false);
  });
});
