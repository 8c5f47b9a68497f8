// The conformance suite of replicas: every kind runs it, and every sentence of lib/replica/replica.ts is in it.
import { describe } from 'vitest';
import { correctionTests } from './replica-corrections.ts';
import { frozenTests } from './replica-frozen.ts';
import { heldTests } from './replica-held.ts';
import { lastWriteTests } from './replica-last-write.ts';
import { parityTests } from './replica-parity.ts';
import { rowTests } from './replica-rows.ts';
import { shapeTests } from './replica-shapes.ts';
import { turnTests } from './replica-turns.ts';
import { valueTests } from './replica-values.ts';
import type { OpenReplica } from './replica-world.ts';

/** Runs the suite on replicas that `open` makes, a new one for each test. */
export function replicaSuite(name: string, open: OpenReplica): void {
  describe(`${name}: the replica contract`, () => {
    describe('whose turn it is', () => turnTests(open));
    describe('rows', () => rowTests(open));
    describe('values', () => valueTests(open));
    describe('shapes', () => shapeTests(open));
    describe('several sources', () => lastWriteTests(open));
    describe('what is held', () => heldTests(open));
    describe('frozen days', () => frozenTests(open));
    describe('corrections', () => correctionTests(open));
    describe('digests', () => parityTests(open));
  });
}
