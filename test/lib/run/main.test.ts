// The frame around a run, with a toy for a job: what becomes of what its steps return and throw.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import type { Finding } from '../../../lib/base/finding.ts';
import type { Severity } from '../../../lib/base/verdict.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { Interrupted } from '../../../lib/run/failure.ts';
import { defineCommand, type Job, type Outcome } from '../../../lib/run/job.ts';
import { appOrAll } from '../../../lib/run/parameter.ts';
import { runInProcess } from '../../support/in-process.ts';
import { filesBelow, World } from '../../support/world.ts';

type Work = (context: JobContext) => Promise<Outcome<{ done: string }>>;

const fine: Work = async () => ({ result: { done: 'this' }, findings: [] });

function jobThat(work: Work, { exits, plan }: { exits?: Job['exits']; plan?: Work } = {}): Job {
  const steps = (run: Work) => async () => ({ run, text: ({ done }: { done: string }) => [`did ${done}`] });
  return {
    name: 'db-toy',
    summary: 'A toy.',
    description: [],
    examples: [],
    nextCommand: ({ result }) => `db-toy look --after ${result}`,
    ...(exits === undefined ? {} : { exits }),
    commands: [
      defineCommand({
        name: 'run',
        summary: 'Works.',
        isDefault: true,
        inHistory: true,
        parameters: { app: appOrAll },
        load: steps(work),
        ...(plan === undefined ? {} : { loadPlan: steps(plan) }),
      }),
      defineCommand({ name: 'look', summary: 'Looks.', parameters: {}, load: steps(work) }),
    ],
  };
}

function makeWorld(): World {
  const world = new World();
  world.configure({ top: '[alerts.ntfy]\n' });
  return world;
}

const args = (world: World, ...words: string[]) => [...words, '--config', world.config];

const finding = (severity: Severity | 'unknown', message = 'it is so'): Finding => ({
  subject: 'bookings',
  severity,
  message,
  hint: 'look at it',
});

const bad =
  (...findings: Finding[]): Work =>
  async () => ({ result: { done: 'badly' }, findings });

/** What the run left for alert-send. */
function spooled(world: World): Record<string, unknown>[] {
  const folder = join(world.state, 'spool');
  return filesBelow(folder).map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>,
  );
}

describe('the verdict', () => {
  test.each([
    [[], 'ok', 0, 0],
    [[finding('warning')], 'warning', 1, 1],
    [[finding('critical'), finding('warning')], 'critical', 1, 2],
    [[finding('unknown')], 'unknown', 1, 3],
  ] as const)('of %o is %s', async (findings, verdict, plain, monitoring) => {
    await using world = makeWorld();
    const ended = await runInProcess(jobThat(bad(...findings)), args(world, '--json'));
    expect(ended.exitCode).toBe(plain);
    expect(JSON.parse(ended.stdout)).toMatchObject({ ok: verdict === 'ok', verdict, findings });
    const check = await runInProcess(jobThat(bad(...findings), { exits: 'monitoring' }), args(world));
    expect(check).toMatchObject({ exitCode: monitoring, stdout: 'did badly\n' });
  });

  test('is told with its findings, and never with its table', async () => {
    await using world = makeWorld();
    await runInProcess(jobThat(bad(finding('warning', 'one table is gone'))), args(world));
    expect(spooled(world)).toMatchObject([
      {
        kind: 'run',
        check: 'db-toy',
        result: 'bad-news',
        severity: 'warning',
        message: 'one table is gone',
        hint: 'look at it',
        next: 'db-toy look --after bad-news',
      },
    ]);
  });

  test('of something that cannot be found out is no louder than a warning', async () => {
    await using world = makeWorld();
    await runInProcess(jobThat(bad(finding('unknown'))), args(world));
    expect(spooled(world)).toMatchObject([{ severity: 'warning' }]);
  });
});

describe('what is thrown', () => {
  test('has the exit code of its kind, its hint, and is told', async () => {
    await using world = makeWorld();
    const job = jobThat(async () => {
      throw new OpsError('damaged', 'cannot do it: it is broken', { hint: 'mend it' });
    });
    const ended = await runInProcess(job, args(world));
    expect(ended).toMatchObject({ exitCode: 65, stdout: '' });
    expect(ended.stderr).toMatch(/error: cannot do it: it is broken\n.*hint: mend it\n$/);
    expect(spooled(world)).toMatchObject([{ result: 'failed', severity: 'critical' }]);
  });

  test('and is no OpsError is a mistake in Holdfast, with its stack', async () => {
    await using world = makeWorld();
    const ended = await runInProcess(
      jobThat(async () => Promise.reject(new TypeError('x is not y'))),
      args(world),
    );
    expect(ended.exitCode).toBe(70);
    expect(ended.stderr).toMatch(/mistake in Holdfast: x is not y[^]*TypeError: x is not y\n {4}at /);
  });

  test('by words that fit no result is one too, and the run does not count as done', async () => {
    await using world = makeWorld();
    const job = jobThat(async () => ({ result: undefined as never, findings: [] }));
    expect((await runInProcess(job, args(world))).exitCode).toBe(70);
    expect(spooled(world)).toMatchObject([{ result: 'failed' }]);
  });

  test('after being told to stop is the stop', async () => {
    await using world = makeWorld();
    const stop = new AbortController();
    const job = jobThat(async (context) => {
      context.noteLeft('half of it is there');
      stop.abort(new Interrupted('SIGTERM'));
      throw new Error('the socket was closed');
    });
    const ended = await runInProcess(job, args(world), { signal: stop.signal });
    expect(ended.exitCode).toBe(143);
    expect(ended.stderr).toMatch(/stopped by SIGTERM: half of it is there/);
  });
});

describe('what only looks', () => {
  const idle: Work = async ({ history }) => ({
    result: { done: `${history.lastDrill('x')?.name}` },
    findings: [],
  });

  test('makes no history, and leaves no record', async () => {
    await using world = makeWorld();
    expect(await runInProcess(jobThat(idle), args(world, 'look'))).toMatchObject({ exitCode: 0 });
    expect(existsSync(world.state)).toBe(false);
  });

  test('is a dry run as well, whatever its plan does with the history and the store', async () => {
    await using world = makeWorld();
    mkdirSync(world.store);
    const before = world.fingerprint();
    const plan: Work = async (context) => {
      context.history.recordDrill({ runId: 'r', app: 'x', name: 'y', outcome: 'passed', detail: '' });
      return idle(context);
    };
    const ended = await runInProcess(jobThat(fine, { plan }), args(world, 'run', '--dry-run'));
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'did undefined\n' });
    expect(world.fingerprint()).toEqual(before);
    expect(existsSync(world.state)).toBe(false);
  });

  test('cannot be asked of a command without a plan', async () => {
    await using world = makeWorld();
    expect(await runInProcess(jobThat(fine), args(world, 'run', '--dry-run'))).toMatchObject({
      exitCode: 64,
    });
  });
});
