// What speaks where alert-send cannot: a shell script that needs neither Node, nor the packages, nor the configuration.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { Spool } from '../../lib/notify/spool.ts';
import { NtfyStandIn } from '../stand-ins/ntfy/stand-in.ts';
import { SlackStandIn } from '../stand-ins/slack/stand-in.ts';
import { scratch } from '../support/scratch.ts';
import { runProgram } from '../support/world.ts';

const script = resolve(import.meta.dirname, '../../units/last-resort');
const token = 'tk_nobodyMayKnow12345';

/** A machine on which alert-send is not there, and a curl that notes what others see of it. */
class Bare {
  readonly home = scratch();
  readonly state = join(this.home, 'state');
  readonly run = join(this.home, 'run');
  readonly seen = join(this.home, 'seen');

  constructor() {
    mkdirSync(join(this.home, 'bin'));
    writeFileSync(
      join(this.home, 'bin/curl'),
      `#!/bin/sh\necho "$*" >> ${this.seen}\nPATH=/usr/bin:/bin exec curl "$@"\n`,
    );
    chmodSync(join(this.home, 'bin/curl'), 0o755);
    mkdirSync(join(this.home, 'credentials'));
  }

  secret(name: string, text: string): void {
    writeFileSync(join(this.home, 'credentials', name), `${text}\n`);
  }

  type(args: string[], environment: Record<string, string> = {}) {
    const own = {
      HOLDFAST_STATE: this.state,
      HOLDFAST_RUN: this.run,
      CREDENTIALS_DIRECTORY: join(this.home, 'credentials'),
    };
    const PATH = `${join(this.home, 'bin')}:${process.env.PATH}`;
    return runProgram('/bin/sh', [script, ...args], { environment: { ...own, PATH, ...environment } });
  }

  /** So long ago a file was touched. */
  age(name: string, minutes: number): void {
    const then = new Date(Date.now() - minutes * 60_000);
    utimesSync(join(this.run, 'alerts', name), then, then);
  }
}

test.each([
  ['exit-code', '126', 'failed'],
  ['timeout', 'TERM', 'killed'],
  ['oom-kill', 'KILL', 'killed'],
])('a unit that ended by %s is noted as alert-send would read it', async (result, status, word) => {
  const bare = new Bare();
  const id = '56fd943dddba493894fa5c5e6cc02127';
  const monitor = { MONITOR_SERVICE_RESULT: result, MONITOR_EXIT_STATUS: status, MONITOR_INVOCATION_ID: id };
  expect((await bare.type(['spool', 'db-backup@ctv'], monitor)).exitCode).toBe(0);
  const { records, unreadable } = await new Spool([join(bare.state, 'spool')], silentLog).read();
  expect(unreadable).toEqual([]);
  expect(records).toMatchObject([
    {
      record: {
        kind: 'run',
        check: 'db-backup@ctv',
        runId: id,
        result: word,
        facts: { apps: ['ctv'], exitCode: undefined },
      },
    },
  ]);
  expect((await bare.type(['spool', '../x"'], monitor)).exitCode).toBe(64);
});

test('that alert-send does not run is told after five minutes, through each channel, and again after hours', async () => {
  await using ntfy = await NtfyStandIn.start({ token });
  await using slack = await SlackStandIn.start();
  const bare = new Bare();
  bare.secret('ntfy-topic', ntfy.topic);
  bare.secret('ntfy-token', token);
  bare.secret('slack-webhook-url', slack.webhook);
  await bare.type(['spool', 'db-backup@ctv'], {
    MONITOR_SERVICE_RESULT: 'exit-code',
    MONITOR_EXIT_STATUS: '78',
  });
  const tell = (status = '78') =>
    bare.type(['tell'], {
      NTFY_SERVER: ntfy.url,
      MONITOR_SERVICE_RESULT: 'exit-code',
      MONITOR_EXIT_STATUS: status,
    });
  const heard = () => [ntfy.messages.length, slack.messages.length];
  const first = await tell();
  expect(heard()).toEqual([0, 0]);
  bare.age('failing-since', 6);
  for (const status of ['1', '143']) await tell(status);
  expect(heard()).toEqual([0, 0]);
  const second = await tell('126');
  expect(second.exitCode, second.stderr).toBe(0);
  expect(ntfy.messages).toMatchObject([
    {
      title: expect.stringMatching(/: alerts do not work$/),
      message: expect.stringMatching(/\(exit-code 126\).*News waits of: db-backup@ctv /),
      priority: 5,
    },
  ]);
  expect(slack.messages[0]).toMatch(/alerts do not work\*\nalert-send cannot run/);
  expect([...ntfy.violations, ...slack.violations]).toEqual([]);
  await tell();
  expect(heard()).toEqual([1, 1]);
  bare.age('last-resort', 241);
  await tell();
  expect(heard()).toEqual([2, 2]);
  const others = readFileSync(bare.seen, 'utf8') + first.stderr + second.stdout + second.stderr;
  for (const secret of [ntfy.topic, token, slack.path]) expect(others).not.toContain(secret);
});

test('secrets of an environment file do as well, and who is told by nobody knows it by the unit', async () => {
  await using ntfy = await NtfyStandIn.start();
  const bare = new Bare();
  const environment = {
    NTFY_SERVER: ntfy.url,
    NTFY_TOPIC: ntfy.topic,
    MONITOR_SERVICE_RESULT: 'exit-code',
    MONITOR_EXIT_STATUS: '126',
  };
  await bare.type(['tell'], environment);
  bare.age('failing-since', 6);
  await ntfy.stop();
  expect(await bare.type(['tell'], environment)).toMatchObject({
    exitCode: 69,
    stderr: expect.stringContaining('nobody can be told'),
  });
  expect(existsSync(join(bare.run, 'alerts/last-resort'))).toBe(false);
  await ntfy.start();
  expect(await bare.type(['tell'], environment)).toMatchObject({ exitCode: 0 });
  expect(ntfy.messages).toHaveLength(1);
  rmSync(join(bare.run, 'alerts/last-resort'));
  // What could break out of what curl is told is not sent at all.
  expect(
    await bare.type(['tell'], { ...environment, NTFY_TOPIC: 'x"\nurl = "http://127.0.0.1:1/' }),
  ).toMatchObject({ exitCode: 69 });
  expect(ntfy.requests).toHaveLength(1);
});
