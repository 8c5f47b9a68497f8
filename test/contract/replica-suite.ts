// The conformance suite of replicas: every kind runs it, and every sentence of lib/replica/replica.ts is in it.
import { describe } from 'vitest';
import { rowTests } from './replica-rows.ts';
import { turnTests } from './replica-turns.ts';
import type { OpenReplica } from './replica-world.ts';

/** Runs the suite on replicas that `open` makes, a new one for each test. */
export function replicaSuite(name: string, open: OpenReplica): void {
  describe(`${name}: the replica contract`, () => {
    describe('whose turn it is', () => turnTests(open));
    describe('rows', () => rowTests(open));
  });
}
