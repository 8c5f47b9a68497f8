// Faults of access and of patience: tokens, permissions, rate limits, clocks.
import { describe, expect, test } from 'vitest';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import {
  expectFailed,
  expectNextRun,
  expectSentOnce,
  expectSurvived,
} from '../../../support/dropbox-world-checks.ts';

const append = 'files/upload_session/append_v2';
const token = 'oauth2/token';

describe('case 8: access token expires mid-upload', () => {
  test('one refresh, the call again, the same upload session', async () => {
    await using world = await grownWorld();
    const { standIn } = world;
    const known = world.calls(token);
    let refreshes = 0;
    await expectSurvived(world, {
      disturb: () =>
        standIn.fault({
          route: append,
          nth: 2,
          action: {
            kind: 'run',
            run: () => {
              refreshes = world.calls(token);
              standIn.expireTokensNow();
            },
          },
        }),
    });
    expect(refreshes).toBe(known + 1);
    // One more in this run, and one of each command after it.
    expect(world.calls(token)).toBe(known + 4);
    expect(standIn.sessions).toHaveLength(1);
  });
});

describe('case 9: refresh endpoint 5xx', () => {
  test('at the start: backs off, and goes on', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) =>
        standIn.fault({ route: token, times: 2, action: { kind: 'reply', status: 503, body: '' } }),
    });
  });

  test('in the middle of an upload: backs off, and goes on in the same upload session', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => {
        standIn.fault({
          route: append,
          nth: 2,
          action: { kind: 'run', run: () => standIn.expireTokensNow() },
        });
        standIn.fault({ route: token, nth: 2, times: 2, action: { kind: 'reply', status: 503, body: '' } });
      },
    });
    expect(world.standIn.sessions).toHaveLength(1);
  });

  test('without end: a clear failure', async () => {
    await using world = await grownWorld({ store: 'retries = 1' });
    await expectFailed(
      world,
      {
        disturb: ({ standIn }) =>
          standIn.fault({ route: token, times: Infinity, action: { kind: 'reply', status: 503, body: '' } }),
      },
      { kind: 'unavailable', says: [/busy or unwell \(HTTP 503/], hint: /run it again later/ },
    );
  });
});

describe('case 10: refresh token revoked', () => {
  test('before the run: fatal, without a loop, and names db-backup link', async () => {
    await using world = await grownWorld();
    const known = world.calls(token);
    world.standIn.revokeRefreshToken();
    world.standIn.revokeAccessTokens();
    const before = world.remote();
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/refresh token is invalid or revoked/);
    expect(ended.stderr).toMatch(/hint: .*db-backup link/);
    expect(world.calls(token) - known).toBe(1);
    expect(world.remote()).toEqual(before);
    expect(world.standIn.violations).toEqual([]);
  });

  test('in the middle of an upload: fatal, and nothing is visible', async () => {
    await using world = await grownWorld();
    const { standIn } = world;
    const before = world.remote();
    const known = world.calls(token);
    standIn.fault({
      route: append,
      nth: 2,
      action: {
        kind: 'run',
        run: () => {
          standIn.revokeRefreshToken();
          standIn.revokeAccessTokens();
        },
      },
    });
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/hint: .*db-backup link/);
    expect(world.calls(token) - known).toBe(2);
    expect(world.remote()).toEqual(before);
    expect(standIn.violations).toEqual([]);
    expect(standIn.waitingFaults).toEqual([]);
  });
});

describe('case 11: missing_scope', () => {
  test('the token has it not: fatal, the scope named, no refresh loop', async () => {
    await using world = await grownWorld();
    const { standIn } = world;
    const [known, before] = [world.calls(token), world.remote()];
    const scopes = ['account_info.read', 'files.metadata.read', 'files.content.read'];
    const { DROPBOX_REFRESH_TOKEN: unused, ...others } = world.environment;
    void unused;
    world.environment = { ...others, DROPBOX_ACCESS_TOKEN: standIn.newAccessToken({ scopes }) };
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/lacks the permission files\.content\.write/);
    expect(ended.stderr).toMatch(/hint: allow it under Permissions.*db-backup link/);
    expect(world.calls(token)).toBe(known);
    expect(world.remote()).toEqual(before);
    expect(standIn.violations).toEqual([]);
    world.environment = standIn.environment;
    await expectNextRun(world);
  });
});

describe('case 12: 429 with retry_after 300', () => {
  test('and a deadline before that: fails at once, and nothing is asked of Dropbox any more', async () => {
    await using world = await grownWorld({ store: 'deadline_minutes = 4' });
    let last = 0;
    await expectFailed(
      world,
      {
        disturb: ({ standIn }) =>
          standIn.fault({
            route: append,
            nth: 2,
            action: { kind: 'tooManyRequests', retryAfterSeconds: 300 },
          }),
      },
      {
        kind: 'unavailable',
        says: [
          /cannot wait for Dropbox: it asks for 5 min more|cannot wait for Dropbox: it asks for \S+ min/,
        ],
        hint: /deadline_minutes/,
      },
      ({ standIn }) => {
        last = standIn.requests.at(-1)?.status ?? 0;
        // The next run comes when the wait is over.
        standIn.clock.advance(301);
      },
    );
    expect(last).toBe(429);
    expectSentOnce(world, 8 * 1024 * 1024);
  });

  test('a wait of a second holds for the whole run, is told, and grows when it is asked for again', async () => {
    await using world = await grownWorld();
    // Time passes by waiting alone: what is seen is exact.
    world.standIn.clock.stand();
    const ended = await expectSurvived(world, {
      disturb: ({ standIn }) =>
        standIn.fault({ route: append, times: 2, action: { kind: 'tooManyRequests', retryAfterSeconds: 1 } }),
    });
    const { traffic } = JSON.parse(ended.stdout) as { traffic: { retries: number; waited_ms: number } };
    expect(traffic).toMatchObject({ retries: 2, waited_ms: 1000 + 2000 });
    const refused = world.standIn.requests.filter(({ status }) => status === 429);
    const gaps = refused.map(({ number, endedAt = 0 }) => {
      const next = world.standIn.requests.find((request) => request.number > number);
      return (next?.startedAt ?? 0) - endedAt;
    });
    expect(gaps).toEqual([1000, 2000]);
  });
});

describe('case 13: 429 in plain text', () => {
  for (const form of ['plain', 'plain-without-header', 'json-without-header'] as const) {
    test(`${form}: no parse failure, and a second is waited`, async () => {
      await using world = await grownWorld();
      world.standIn.clock.stand();
      const ended = await expectSurvived(world, {
        disturb: ({ standIn }) => standIn.fault({ route: append, action: { kind: 'tooManyRequests', form } }),
      });
      const { traffic } = JSON.parse(ended.stdout) as { traffic: { waited_ms: number } };
      expect(traffic.waited_ms).toBe(1000);
    });
  }

  test('where nobody expects one: at the token endpoint', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) =>
        standIn.fault({ route: token, action: { kind: 'tooManyRequests', form: 'plain' } }),
    });
  });
});

describe('case 24: clock skew', () => {
  for (const [words, seconds] of [
    ['a day behind', 86_400],
    ['a day ahead', -86_400],
  ] as const) {
    test(`this machine is ${words}: the 401 decides, nothing loops, and test says it`, async () => {
      await using world = await grownWorld();
      const { standIn } = world;
      standIn.clock.skewSeconds = seconds;
      const known = world.calls(token);
      await expectSurvived(world, {
        disturb: () =>
          standIn.fault({ route: append, action: { kind: 'run', run: () => standIn.expireTokensNow() } }),
      });
      expect(world.calls(token)).toBe(known + 4);
      const tested = await world.run('db-backup', ['test']);
      expect(tested.exitCode).toBe(1);
      expect(tested.stdout).toMatch(new RegExp(`FAILED +Dropbox clock difference.*${words.split(' ')[2]}`));
      expect(tested.stdout).toMatch(
        /hint for (.*, )?Dropbox clock difference: set it: timedatectl set-ntp true/,
      );
    });
  }
});
