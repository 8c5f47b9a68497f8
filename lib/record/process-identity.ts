// Which process something belongs to, as data and as fields of a record.
import type { Fields } from './fields.ts';

/** One process among all there ever were, as far as the system tells. Empty strings and 0 are "not known". */
export interface ProcessIdentity {
  host: string;
  /** A short hash of the machine's id, because two machines may have the same name. */
  machine: string;
  /** New with every boot. */
  bootId: string;
  /** Containers number their processes for themselves. */
  pidNamespace: string;
  pid: number;
  /** When it started, in clock ticks since boot: field 22 of /proc/<pid>/stat. */
  startTicks: number;
}

/** The fields of an identity, under the names and in the order that records have. */
export function processFields(identity: ProcessIdentity) {
  return {
    host: identity.host,
    machine: identity.machine,
    boot_id: identity.bootId,
    pid_namespace: identity.pidNamespace,
    pid: identity.pid,
    start_ticks: identity.startTicks,
  };
}

/** The identity among `fields`. Throws what they throw when it is not whole. */
export function parseProcess(fields: Fields): ProcessIdentity {
  return {
    host: fields.string('host'),
    machine: fields.string('machine'),
    bootId: fields.string('boot_id'),
    pidNamespace: fields.string('pid_namespace'),
    pid: fields.count('pid'),
    startTicks: fields.count('start_ticks'),
  };
}
