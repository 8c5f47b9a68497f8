// Man pages: everything that --help says, in what man(7) makes of it.
import { describe, expect, test } from 'vitest';
import { exitCodeTable } from '../../../lib/base/exit-code.ts';
import { defineCommand, type Job } from '../../../lib/run/job.ts';
import { manPage } from '../../../lib/run/man-page.ts';
import { argument, option } from '../../../lib/run/parameter.ts';
import { typedArguments, typedCommands, typedOptions } from '../../../lib/run/typed.ts';
import { jobs } from '../../support/typed-world.ts';

const surroundings = { version: '1.2.3', place: '/opt/holdfast', others: ['one', 'two'] };

/** What a person reads, without how it is set. */
function read(page: string): string {
  return page
    .replaceAll(/\\f[BIR]|\\&/g, '')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\-', '-');
}

describe.each(Object.values(jobs))('the page of $name', (job) => {
  const page = read(manPage(job, surroundings));

  test('has each command with its arguments and options, and what is said of them', () => {
    for (const command of typedCommands(job)) {
      expect(page).toContain(`.SS "${job.name} ${command.name}`);
      expect(page).toContain(`\n${command.summary}\n`);
      for (const { usage, description } of typedArguments(command))
        expect(page).toContain(`\n.TP\n${usage}\n${description}\n`);
      for (const { long, description } of typedOptions(job, command))
        expect(page).toMatch(new RegExp(`^(-., )?--${long}( <.*>)?\n${literal(description)}$`, 'm'));
    }
  });

  test('has its exit codes, its examples, and the pages of the others', () => {
    for (const { code, meaning } of exitCodeTable(job.exits))
      expect(page).toContain(`\n${code}\n${meaning}\n`);
    for (const { command, explanation } of job.examples)
      expect(page).toContain(`\n${command}\n${explanation}\n`);
    expect(page).toContain('.BR one (1) ,\n.BR two (1)\n');
  });
});

test('what roff would take for something else is what was written', () => {
  const load = async () => ({ run: async () => ({ result: {}, findings: [] }), text: () => [] });
  const toy: Job = {
    name: 'toy',
    summary: `.begins with a dot and "quotes", a back\\slash and a ~ tilde.`,
    description: ["'an apostrophe"],
    examples: [{ command: 'toy run \'a b\' "c"', explanation: '.hidden' }],
    nextCommand: () => '',
    commands: [
      defineCommand({
        name: 'run',
        summary: '...',
        parameters: { at: option('time', "' '"), name: argument('-') },
        load,
      }),
    ],
  };
  const page = manPage(toy, surroundings);
  expect(page.split('\n').filter((line) => /^['.](?!(TH|SH|SS|TP|PP|B|BR) ?)/.test(line))).toEqual([]);
  expect(page).toContain('\\&.begins with a dot and "quotes", a back\\eslash and a \\(ti tilde.');
  expect(page).toContain('\\(aqan apostrophe');
});

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
