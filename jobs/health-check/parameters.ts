// What the commands of health-check can be told.
import type { AnswerFormat } from './steps/answers.ts';
import { flag, option, requiredArgument } from '../../lib/run/parameter.ts';

const format = option('name', 'table, nagios or prom; table unless given', {
  words: ['table', 'nagios', 'prom'] satisfies AnswerFormat[],
});

const brief = flag('show only what is not well');

export const run = {
  format,
  brief,
  textfile: option('path', 'also write the answers there for the textfile collector of Prometheus', {
    files: 'file',
  }),
};
export const status = { format, brief };
export const report = {
  html: option(
    'file',
    'write it there as one page that needs nothing else; over an older report of ours, never over anything else; - prints it',
    { files: 'file' },
  ),
  mode: option('octal', 'the mode of that file, such as 0640; 0644 less the umask unless given'),
  text: flag('print it as plain text, 78 columns wide; so unless --html is given'),
};
export const doctor = {
  root: option(
    'directory',
    'look at the system below it, such as the disk of another machine; what only a running system can say is left out',
    { files: 'directory' },
  ),
};
export const explain = {
  check: requiredArgument('the name of a check, as health-check list shows it', { names: 'check' }),
};
export const list = {};
