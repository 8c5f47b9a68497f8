// Faults on the way of the bytes: appends and starts of upload sessions, and what Dropbox says of them.
import { describe, expect, test } from 'vitest';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import { expectFailed, expectSentOnce, expectSurvived } from '../../../support/dropbox-world-checks.ts';

const append = 'files/upload_session/append_v2';
const start = 'files/upload_session/start';
const mebibyte = 1024 * 1024;

describe('case 1: connection reset mid-append', () => {
  for (const partialAppend of ['discard', 'keep'] as const) {
    for (const nth of [1, 2]) {
      test(`of append ${nth}, Dropbox ${partialAppend}s the part: goes on at its offset, no byte twice`, async () => {
        await using world = await grownWorld();
        world.standIn.switches.partialAppend = partialAppend;
        await expectSurvived(world, {
          disturb: ({ standIn }) =>
            standIn.fault({ route: append, nth, action: { kind: 'dropBefore', bytes: 3_000_001 } }),
        });
        expectSentOnce(world, partialAppend === 'keep' ? 2 * mebibyte : 5 * mebibyte);
        expect(world.standIn.sessions.filter(({ length }) => length > 0)).toEqual([]);
      });
    }
  }

  test('every append, until the tries are over: a clear failure, and the next run goes on', async () => {
    await using world = await grownWorld({ store: 'retries = 1' });
    world.standIn.switches.partialAppend = 'discard';
    await expectFailed(
      world,
      {
        disturb: ({ standIn }) =>
          standIn.fault({
            route: append,
            times: Infinity,
            matches: ({ argument }) => JSON.stringify(argument).includes('"offset":8388608'),
            action: { kind: 'dropBefore', bytes: 1_000_000 },
          }),
      },
      {
        kind: 'unavailable',
        says: [/cannot store "latest\/bookings\.db"/, /no answer/],
        hint: /goes on where it stopped/,
      },
    );
    expectSentOnce(world, 10 * mebibyte);
    expect(world.standIn.sessions).toHaveLength(1);
  });
});

describe('case 2: append applied, then 500 with an empty body', () => {
  test('the offset says that it arrived: it is not sent again', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) =>
        standIn.fault({ route: append, action: { kind: 'replyAfterApply', status: 500, body: '' } }),
    });
    expectSentOnce(world, 0);
  });
});

describe('case 3: append with close applied, its reply lost, and the retry says closed', () => {
  test('it is finished at its full length', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => {
        standIn.fault({ route: append, nth: 2, action: { kind: 'dropAfterApply' } });
        standIn.fault({
          route: append,
          nth: 3,
          action: {
            kind: 'reply',
            status: 409,
            body: { error_summary: 'closed/.', error: { '.tag': 'closed' } },
          },
        });
      },
    });
    expectSentOnce(world, 0);
  });
});

describe('case 4: start response lost', () => {
  test('another session is started, the orphan stays empty', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => standIn.fault({ route: start, action: { kind: 'dropAfterApply' } }),
    });
    const [orphan, used, ...others] = world.standIn.sessions;
    expect(others).toEqual([]);
    expect(orphan).toMatchObject({ journal: [], committed: false });
    expect(used).toMatchObject({ committed: true });
  });
});

describe('case 15: upload session forgotten halfway', () => {
  test('a new one from byte 0', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => standIn.fault({ route: append, nth: 2, action: { kind: 'sessionForget' } }),
    });
    expect(world.calls(start)).toBe(2);
  });

  test('every time: bounded, and a clear failure', async () => {
    await using world = await grownWorld();
    await expectFailed(
      world,
      {
        disturb: ({ standIn }) =>
          standIn.fault({ route: append, times: Infinity, action: { kind: 'sessionForget' } }),
      },
      { kind: 'unavailable', says: [/cannot store "latest/, /upload session/], hint: /run it again later/ },
    );
    expect(world.calls(start)).toBeLessThanOrEqual(5);
  });
});

describe('case 16: content_hash_mismatch on append', () => {
  const mismatch = {
    kind: 'reply',
    status: 409,
    body: { error_summary: 'content_hash_mismatch/.', error: { '.tag': 'content_hash_mismatch' } },
  } as const;

  test('once: the chunk is sent again', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => standIn.fault({ route: append, nth: 2, action: mismatch }),
    });
    expectSentOnce(world, 16 * mebibyte);
  });

  test('every time: fatal after a few', async () => {
    await using world = await grownWorld();
    await expectFailed(
      world,
      { disturb: ({ standIn }) => standIn.fault({ route: append, times: Infinity, action: mismatch }) },
      {
        kind: 'damaged',
        says: [/cannot store "latest/, /what arrives .* is not what was sent/],
        hint: /network/,
      },
    );
    expect(world.calls(append)).toBeLessThanOrEqual(8);
  });
});
