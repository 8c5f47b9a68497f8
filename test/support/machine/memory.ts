// A group of the kernel's memory controller: for one machine, so that its units' memory limits count, or for a command that
// has to do with less. Only where that controller has a hierarchy of its own (cgroup v1): systemd-nspawn hands those on
// read-only, and in the other kind systemd alone makes groups.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeGroup } from './own-groups.ts';

const hierarchy = '/sys/fs/cgroup/memory';

export class MemoryGroup {
  private readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Undefined where there is no such hierarchy, or it may not be changed: then limits of units do nothing. */
  static create(name: string, limitBytes?: number): MemoryGroup | undefined {
    const own = /^\d+:memory:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    if (own === undefined || !existsSync(hierarchy)) return undefined;
    const group = new MemoryGroup(join(hierarchy, own, name));
    try {
      mkdirSync(group.path);
      if (limitBytes !== undefined) writeFileSync(join(group.path, 'memory.limit_in_bytes'), `${limitBytes}`);
      return group;
    } catch {
      return undefined;
    }
  }

  /** A command that does the same inside the group. */
  enter(command: readonly string[]): string[] {
    return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(this.path, 'cgroup.procs'), ...command];
  }

  /** What the machine runs at once after its boot: systemd looks for the controllers it may use when it starts. */
  readonly useInside = `mount -o remount,bind,rw ${hierarchy} && systemctl daemon-reexec`;

  /** Throws while a process is still in it. */
  remove(): void {
    removeGroup(this.path);
  }
}
