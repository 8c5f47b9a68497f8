// Which process something belongs to, and whether that process still runs. A process id alone proves nothing: it is
// used again after a reboot or a while, and means something else on another machine or in a container.
import { createHash, createHmac } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import { errorCode } from '../base/errors.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';

/** The identity of this process. Without /proc only host and process id are known. */
export function currentProcess(): ProcessIdentity {
  const machineId = readText('/etc/machine-id');
  return {
    host: hostname(),
    machine: machineId === '' ? '' : createHash('sha256').update(machineId).digest('hex').slice(0, 8),
    bootId: readText('/proc/sys/kernel/random/boot_id'),
    pidNamespace: readLink('/proc/self/ns/pid'),
    pid: process.pid,
    startTicks: processStat('self')?.startTicks ?? 0,
  };
}

/**
 * Tells the installation with this state directory from every other one, also where two machines have one name. What a
 * machine is known by never leaves it: sixteen hex digits that cannot be turned back.
 */
export function installationId(stateDirectory: string): string {
  const machine = readText('/etc/machine-id') || hostname();
  return createHmac('sha256', machine).update(`holdfast\0${stateDirectory}`).digest('hex').slice(0, 16);
}

/**
 * Whether a process still runs. `unknown` when this process cannot tell: on another machine, in another container.
 * `dead` is certain, also for a process of an earlier boot and for one that has exited but was not waited for.
 */
export function processState(
  identity: ProcessIdentity,
  here: ProcessIdentity = currentProcess(),
): 'alive' | 'dead' | 'unknown' {
  if (identity.host !== here.host || identity.machine !== here.machine) return 'unknown';
  if (differ(identity.bootId, here.bootId) && !isOfThisContainer(identity, here)) return 'dead';
  if (identity.pidNamespace !== here.pidNamespace) return 'unknown';
  const stat = processStat(identity.pid);
  if (stat === undefined) return answersSignals(identity.pid) ? 'alive' : 'dead';
  if (stat.exited) return 'dead';
  if (identity.startTicks === 0) return 'alive';
  return stat.startTicks === identity.startTicks ? 'alive' : 'dead';
}

/** False only when the process certainly does not run any more. */
export function processAlive(identity: ProcessIdentity): boolean {
  return processState(identity) !== 'dead';
}

/** Whether this process has a controlling terminal; undefined where nobody knows. */
export function hasTerminal(): boolean | undefined {
  const stat = processStat('self');
  return stat === undefined ? undefined : stat.terminal !== 0;
}

/** The namespace that the kernel begins with, at each boot (include/linux/proc_ns.h). */
const initialNamespace = 'pid:[4026531836]';

/**
 * A container has a boot id of its own laid over the kernel's, and a unit in it whose processes are hidden has a /proc without
 * that: there the ids differ within one boot. The namespace of the container's processes is made anew with each start of it.
 */
function isOfThisContainer({ pidNamespace }: ProcessIdentity, here: ProcessIdentity): boolean {
  return pidNamespace !== '' && pidNamespace !== initialNamespace && pidNamespace === here.pidNamespace;
}

function differ(a: string, b: string): boolean {
  return a !== '' && b !== '' && a !== b;
}

function processStat(
  pid: number | 'self',
): { exited: boolean; startTicks: number; terminal: number } | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === '') return undefined;
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? '';
  return {
    exited: state === 'Z' || state === 'X',
    startTicks: Number(fields[19]),
    terminal: Number(fields[4]),
  };
}

/** Asks the kernel itself, for systems without /proc and for units that hide other processes in it. */
function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return ''; // not known
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // not known
  }
}
