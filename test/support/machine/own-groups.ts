// Control groups of a machine's own, in the hierarchies by which systemd keeps its units apart. Two machines in one group make,
// kill and remove each other's units: a start then ends with 219/CGROUP now and then, and a shutdown waits for the other's.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where systemd has a hierarchy beside those of the controllers; elsewhere systemd alone makes groups. */
const hierarchies: readonly [string, RegExp][] = [
  ['/sys/fs/cgroup/systemd', /^\d+:name=systemd:(.*)$/m],
  ['/sys/fs/cgroup/unified', /^0::(.*)$/m],
];

export class OwnGroups {
  private readonly paths: readonly string[];

  private constructor(paths: readonly string[]) {
    this.paths = paths;
  }

  static create(name: string): OwnGroups {
    const own = readFileSync('/proc/self/cgroup', 'utf8');
    const paths = hierarchies.flatMap(([hierarchy, line]) => {
      const above = line.exec(own)?.[1];
      return above === undefined || !existsSync(hierarchy) ? [] : [join(hierarchy, above, name)];
    });
    for (const path of paths) mkdirSync(path, { recursive: true });
    return new OwnGroups(paths);
  }

  /** A command that does the same inside the groups. */
  enter(command: readonly string[]): string[] {
    const enter = this.paths.map((path) => `echo $$ >'${join(path, 'cgroup.procs')}' && `);
    return ['sh', '-c', `${enter.join('')}exec "$@"`, 'sh', ...command];
  }

  /** Throws while a process is still in one. */
  remove(): void {
    this.paths.forEach(removeGroup);
  }
}

export function removeGroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(path, entry.name));
  rmdirSync(path);
}
