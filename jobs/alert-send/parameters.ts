// What the commands of alert-send can be told.
import { flag, option, requiredArgument } from '../../lib/run/parameter.ts';

export const deliver = { now: flag('try a channel that failed at once, without its pause') };
export const test = {};
export const list = {};
export const ack = {
  id: requiredArgument('an incident of alert-send list, or the name of its check'),
  for: option('time', 'for so long, such as 30min, 8h or 2d; until it is over unless given'),
};
export const spool = {
  job: option('name', 'what it is about: db-backup, or db-backup@ctv for one app'),
  unit: option('name', 'the unit; $MONITOR_UNIT unless given'),
  result: option('word', "how it ended, in systemd's word; $SERVICE_RESULT unless given"),
};
