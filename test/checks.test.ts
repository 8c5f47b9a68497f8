// What `npm run check` makes of commands that fail: it names each, says all that it said, and passes over none.
import { expect, test } from 'vitest';
import { type Checks, runChecks } from './support/checks.ts';

async function told(checks: Checks): Promise<{ passed: boolean; texts: string[] }> {
  const texts: string[] = [];
  const passed = await runChecks(checks, 2, (text) => texts.push(text.replace(/ \d+\.\d s/, ' N s')));
  return { passed, texts: texts.sort() };
}

test('commands that end well say nothing but that', async () => {
  expect(await told({ a: 'echo fine', b: 'true', c: 'true' })).toEqual({
    passed: true,
    texts: ['✓ a N s\n', '✓ b N s\n', '✓ c N s\n'],
  });
});

test.each([
  ['fails', 'echo one; echo two >&2; exit 3', /^(one\ntwo|two\none)\n✗ bad N s: .*: exit code 3\n$/],
  ['is killed', 'kill -9 $$', /^✗ bad N s: kill -9 \$\$: SIGKILL\n$/],
  ['is not there', 'no-such-command', /not found\n✗ bad N s: no-such-command: exit code 127\n$/],
])('one that %s is named with what it said, and the others are run all the same', async (_, bad, said) => {
  const { passed, texts } = await told({ a: 'true', bad, c: 'true', d: 'true' });
  expect(passed).toBe(false);
  expect(texts).toHaveLength(4);
  expect(texts.find((text) => text.includes('✗'))).toMatch(said);
  expect(texts.filter((text) => text.startsWith('✓'))).toHaveLength(3);
});
