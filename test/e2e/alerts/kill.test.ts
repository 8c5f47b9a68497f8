// alert-send, ended at every step: no news is lost, and none is told more than twice, on the same card.
import { renameSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { NtfyStandIn } from '../../stand-ins/ntfy/stand-in.ts';
import { SlackStandIn } from '../../stand-ins/slack/stand-in.ts';
import { type KillScenario, mustSucceed, runFaultTable, runKillTable } from '../../support/kill-table.ts';
import type { World } from '../../support/world.ts';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBookings } from '../../support/world.ts';

interface Services {
  ntfy: NtfyStandIn;
  slack: SlackStandIn;
}

const services = new Map<World, Services>();

afterAll(async () => {
  for (const { ntfy, slack } of services.values()) await Promise.all([ntfy.stop(), slack.stop()]);
});

/** A failure lies in the spool, and an earlier one was told already. */
const deliver: KillScenario = {
  command: 'alert-send',
  args: ['deliver', '--now'],
  prepare: async (world) => {
    const ntfy = await NtfyStandIn.start();
    const slack = await SlackStandIn.start();
    services.set(world, { ntfy, slack });
    const secret = (name: string, text: string) => {
      writeFileSync(join(world.home, name), text);
      chmodSync(join(world.home, name), 0o600);
      return JSON.stringify(join(world.home, name));
    };
    world.configure({
      top: `clock = "trusted"
[alerts.ntfy]
server = "${ntfy.url}"
topic_file = ${secret('topic', ntfy.topic)}
[alerts.slack]
webhook_url_file = ${secret('webhook', slack.webhook)}`,
    });
    makeBookings(world.database, { journalMode: 'delete', rows: 5 });
    await mustSucceed(world, 'db-backup', []);
    await world.run('restore', ['drill', 'nothing-of-that-name']);
    await mustSucceed(world, 'alert-send', deliver.args);
    renameSync(world.store, `${world.store}.away`);
    await world.run('db-backup', []);
    clear(world);
  },
  requireSafe: (_world, ending) => {
    if (ending.signal === null && ending.exitCode === 70) throw new Error(ending.stderr);
  },
  requireRecovered: async (world) => {
    await mustSucceed(world, 'alert-send', deliver.args);
    const { ntfy, slack } = heard(world);
    await mustSucceed(world, 'alert-send', deliver.args);
    const later = heard(world);
    clear(world);
    for (const [channel, titles] of Object.entries({ ntfy, slack })) {
      const isFailure = titles.every((title) => title.includes('db-backup of bookings failed'));
      if (titles.length < 1 || titles.length > 2 || !isFailure)
        throw new Error(`${channel} heard ${JSON.stringify(titles)}`);
    }
    if (later.ntfy.length !== ntfy.length || later.slack.length !== slack.length)
      throw new Error(`it was told again: ${JSON.stringify(later)}`);
    if (later.cards !== 1) throw new Error(`there are ${later.cards} cards`);
  },
};

function heard(world: World): { ntfy: string[]; slack: string[]; cards: number } {
  const { ntfy, slack } = services.get(world) ?? {};
  return {
    ntfy: ntfy?.messages.map(({ title }) => title) ?? [],
    slack: [...(slack?.messages ?? [])],
    cards: ntfy?.cards.length ?? 0,
  };
}

function clear(world: World): void {
  const { ntfy, slack } = services.get(world) ?? {};
  ntfy?.messages.splice(0);
  slack?.messages.splice(0);
}

test('alert-send deliver, killed before and after every step', { timeout: 900_000 }, async () => {
  const { problems, ends } = await runKillTable(deliver, ['kill-before', 'kill-after']);
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(20);
});

test('alert-send deliver, with a full disk at every step', { timeout: 900_000 }, async () => {
  const { problems, ends } = await runFaultTable(deliver, ['enospc']);
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(10);
});
