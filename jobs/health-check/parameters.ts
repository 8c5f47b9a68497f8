// What the commands of health-check can be told.
import { flag, option, requiredArgument } from '../../lib/run/parameter.ts';

const format = option('name', 'table, nagios or prom; table unless given');

const brief = flag('show only what is not well');

export const run = {
  format,
  brief,
  textfile: option('path', 'also write the answers there for the textfile collector of Prometheus'),
};
export const status = { format, brief };
export const explain = { check: requiredArgument('the name of a check, as health-check list shows it') };
export const list = {};
