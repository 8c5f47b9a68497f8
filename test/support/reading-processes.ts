// The processes of ours that read databases, as the machine knows them.
import { readdirSync, readFileSync } from 'node:fs';

/** The children of this process that run the module. */
export function childrenThatRun(module: string): number[] {
  return processesWhere((pid) => {
    const [, , parent] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, 'x ')
      .split(' ');
    return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(module);
  });
}

/** All processes that were started with the variable. */
export function processesWith(variable: string): number[] {
  return processesWhere((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable));
}

function processesWhere(isIt: (pid: number) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return isIt(pid);
      } catch {
        return false; // ended meanwhile, or not ours
      }
    });
}
