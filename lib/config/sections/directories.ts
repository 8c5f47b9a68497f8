// `state_directory` and `run_directory`: what must survive a reboot, and what need not. lib/config/directories.ts has what is so
// without them.
import { absolutePath } from './values.ts';

export const directoryKeys = {
  state_directory: absolutePath.optional().describe('ops.db and scratch; $HOLDFAST_STATE unless given'),
  run_directory: absolutePath.optional().describe('locks; $HOLDFAST_RUN unless given'),
};
