// A key pair: shown once, kept nowhere but on a page that a person asks for, and good only when it was typed back.
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeQR } from 'qr/decode.js';
import { describe, expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { recipientOf } from '../../../lib/seal/age.ts';
import { runInProcess } from '../../support/in-process.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { filesBelow } from '../../support/world.ts';

const identityPattern = /AGE-SECRET-KEY-1[0-9A-Z]{58}/;
const recipientPattern = /age1[0-9a-z]{58}/;

function prepared(): TypedWorld {
  const world = new TypedWorld();
  world.configure();
  return world;
}

/** As a person at a terminal does it, who answers the question that shows the identity. */
function typed(
  world: TypedWorld,
  args: string[],
  answer: (shown: string, tries: number) => string | undefined,
) {
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answer(questions.join(''), questions.length);
  };
  const environment = { HOLDFAST_CONFIG: world.config };
  return runInProcess(dbBackup, ['keygen', ...args], { environment, ask, attended: true });
}

/** The pixels of the drawing on a page. */
function readCode(page: string): string {
  const size = Number(/viewBox="0 0 (\d+) /.exec(page)?.[1]);
  const scale = 4;
  const data = new Uint8Array((size * scale) ** 2 * 4).fill(255);
  for (const [, x, y] of page.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let row = 0; row < scale; row += 1)
      for (let column = 0; column < scale; column += 1) {
        const at = ((Number(y) * scale + row) * size * scale + Number(x) * scale + column) * 4;
        data.fill(0, at, at + 3);
      }
  return decodeQR({ width: size * scale, height: size * scale, data });
}

describe('db-backup keygen', () => {
  test('is there before anything is configured', async () => {
    const made = await runInProcess(dbBackup, ['keygen', '--yes'], { environment: {} });
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(identityPattern) as string });
  });

  test('shows the identity once, and goes on when it was typed back, in whatever case and groups', async () => {
    await using world = prepared();
    let identity = '';
    const { exitCode, stdout, stderr } = await typed(world, [], (shown) => {
      identity = identityPattern.exec(shown)?.[0] ?? '';
      return (identity.toLowerCase().match(/.{1,5}/g) ?? []).join(' ');
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`recipients = ["${await recipientOf(identity)}"]`);
    expect(stdout + stderr).not.toMatch(identityPattern);
  });

  test.each<[string, (shown: string, tries: number) => string | undefined]>([
    ['nothing', () => undefined],
    ['an empty line', () => ''],
    ['yes', () => 'yes'],
    ['the public key', () => 'age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq'],
    ['half of it', (shown) => identityPattern.exec(shown)?.[0].slice(0, 40)],
    [
      'another letter',
      (shown) => identityPattern.exec(shown)?.[0].replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q')),
    ],
  ])('goes no further when what is typed back is %s', async (_what, answer) => {
    await using world = prepared();
    const page = join(world.home, 'safe.html');
    const { exitCode, stdout, stderr } = await typed(world, ['--page', page], answer);
    expect(exitCode).toBe(73);
    expect(stderr).toContain('cannot count on the new key: it was not typed back');
    expect(stdout + stderr).not.toMatch(identityPattern);
    expect(stdout).not.toMatch(recipientPattern);
    expect(existsSync(page)).toBe(false);
  });

  test('lets a slip be mended', async () => {
    await using world = prepared();
    const { exitCode, stderr } = await typed(world, [], (shown, tries) =>
      tries === 1 ? 'oops' : identityPattern.exec(shown)?.[0],
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain('that is not it: it does not begin with AGE-SECRET-KEY-1');
  });

  test('makes a page that needs nothing else, for its owner alone, whose code is the identity', async () => {
    await using world = prepared();
    const page = join(world.home, 'safe.html');
    const { exitCode, stdout } = await world.run('db-backup', ['keygen', '--yes', '--page', page]);
    expect(exitCode).toBe(0);
    const [identity = ''] = identityPattern.exec(stdout) ?? [];
    const html = readFileSync(page, 'utf8');
    expect(statSync(page).mode & 0o777).toBe(0o600);
    expect(readCode(html)).toBe(identity);
    expect(html.replace(/<[^>]*>/g, '').replaceAll(' ', '')).toContain(identity);
    expect(html).toContain(await recipientOf(identity));
    expect(html).toContain('bookings');
    expect(html.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<link|<img|url\(/);
  });

  test('leaves the identity nowhere else', async () => {
    await using world = prepared();
    const { stdout } = await world.run('db-backup', ['keygen', '--yes']);
    const [identity = ''] = identityPattern.exec(stdout) ?? [];
    const holding = filesBelow(world.home).filter((name) =>
      readFileSync(join(world.home, name)).includes(identity.slice(16, 40)),
    );
    expect(holding).toEqual([]);
  });

  test('writes a page to no place where something is, not even through a link', async () => {
    await using world = prepared();
    const [file, link] = [join(world.home, 'safe.html'), join(world.home, 'link.html')];
    writeFileSync(file, 'mine');
    symlinkSync(join(world.home, 'elsewhere.html'), link);
    for (const page of [file, link]) {
      const { exitCode, stdout, stderr } = await world.run('db-backup', ['keygen', '--yes', '--page', page]);
      expect(exitCode).toBe(73);
      expect(stdout + stderr).not.toMatch(identityPattern);
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(existsSync(join(world.home, 'elsewhere.html'))).toBe(false);
  });
});
