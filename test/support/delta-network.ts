// Two machines, a network namespace each, and one cable between them that can be pulled out.
import { Namespace } from './two-families.ts';

const here = '10.97.0.1';
/** Of the machine at the other end. */
export const there = '10.97.0.2';

export class DeltaNetwork implements Disposable {
  readonly laptop = new Namespace('laptop');
  readonly server = new Namespace('server');

  constructor() {
    const { laptop, server } = this;
    laptop.ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', server.name);
    for (const side of [laptop, server])
      for (const link of ['lo', 'veth0']) side.ip('link', 'set', link, 'up');
    laptop.ip('address', 'add', `${here}/24`, 'dev', 'veth0');
    server.ip('address', 'add', `${there}/24`, 'dev', 'veth0');
  }

  /** Pulled out at the server's end: the laptop hears nothing of it, and its packets go nowhere. */
  cut(): void {
    this.server.ip('link', 'set', 'veth0', 'down');
  }

  restore(): void {
    this.server.ip('link', 'set', 'veth0', 'up');
  }

  /** What to type before a command so that it runs on that machine. */
  on(machine: 'laptop' | 'server'): string[] {
    return ['ip', 'netns', 'exec', this[machine].name];
  }

  [Symbol.dispose](): void {
    this.laptop[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}
