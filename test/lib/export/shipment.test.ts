// What is known of a reader, whatever happens to it and to us: only what was seen in place is called shipped, what differs
// comes into place with the next good run, and a frozen document never changes there.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import {
  type Found,
  knownAfter,
  knownOf,
  type OfferedDocument,
  pendingOf,
  questionOf,
  verdictsOf,
} from '../../../lib/export/shipment.ts';
import { formatShipState, parseShipState, type ShipState } from '../../../lib/export/ship-state.ts';

const to = 'tt@reports:/srv/days';
const names = ['a', 'b', 'c'];
const sha = (version: number) => String(version).padStart(64, '0');
const lookEveryMs = 1000;

/** A run against a reader that is a map, as jobs/db-export-json/steps/ship.ts does it. */
class Model {
  now = 1_000_000;
  state: ShipState | undefined;
  readonly here = new Map(names.map((name) => [name, 0]));
  readonly there = new Map<string, number>();
  readonly held = new Set<string>();
  next = 1;

  run({ full, way }: { full: boolean; way: 'good' | 'offline' | 'cut' | 'killed' }): void {
    this.now += 100;
    const now = new Date(this.now);
    const offered: OfferedDocument[] = names.map((name) => ({
      name,
      sha256: sha(this.here.get(name) ?? 0),
      isHeld: this.held.has(name),
    }));
    const known = knownOf(to, this.state, now);
    const question = questionOf(known, offered, { now, lookEveryMs, full });
    const found = (name: string): Found => {
      const version = this.there.get(name);
      return version === undefined ? 'none' : version === this.here.get(name) ? 'same' : 'other';
    };
    const none = { inPlace: new Set<string>(), altered: [], kept: [], lookedAt: undefined, now };
    this.state = knownAfter(known, offered, none);
    if (way === 'killed' || question.documents.length === 0) return;
    if (way === 'offline') return;
    const { send, altered, kept } = verdictsOf(known, question.documents, found);
    const inPlace = new Set(
      question.documents.map(({ name }) => name).filter((name) => found(name) === 'same'),
    );
    const arriving = way === 'cut' ? send.slice(0, Math.floor(send.length / 2)) : send;
    for (const { name } of arriving) {
      this.there.set(name, this.here.get(name) ?? 0);
      if (way === 'good') inPlace.add(name); // after a cut nobody looks
    }
    const lookedAt = question.isFull && way === 'good' ? now : undefined;
    this.state = knownAfter(known, offered, { inPlace, altered, kept, lookedAt, now });
    // What was seen not to be in place, and did not arrive, waits, whatever was known of it before.
    for (const { name } of question.documents)
      if (this.there.get(name) !== this.here.get(name) && !kept.includes(name))
        expect(this.state.documents.get(name)?.pendingSince).toBeDefined();
  }
}

const action = fc.oneof(
  fc.record({ do: fc.constant('change' as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('alter' as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('forget' as const) }),
  fc.record({
    do: fc.constant('run' as const),
    full: fc.boolean(),
    way: fc.constantFrom('good' as const, 'offline' as const, 'cut' as const, 'killed' as const),
  }),
);

test('whatever happens, what is known of a document was seen, and a good look at all puts everything in place', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const model = new Model();
      const seen = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
      for (const one of actions) {
        if (one.do === 'change') model.here.set(one.name, model.next++);
        else if (one.do === 'alter') model.there.set(one.name, model.next++);
        else if (one.do === 'remove') model.there.delete(one.name);
        else if (one.do === 'forget') model.state = undefined;
        else model.run(one);
        for (const name of names) {
          const there = model.there.get(name);
          if (there !== undefined) seen.get(name)?.add(sha(there));
        }
        for (const [name, { shipped }] of model.state?.documents ?? [])
          if (shipped !== undefined) expect(seen.get(name)).toContain(shipped.sha256);
        if (model.state !== undefined) {
          const flaw = (cause: string) => new OpsError('damaged', cause);
          expect(parseShipState(formatShipState(model.state), flaw)).toEqual(model.state);
        }
      }
      model.run({ full: true, way: 'good' });
      expect(model.there).toEqual(model.here);
      expect(model.state && pendingOf(model.state)).toEqual({ names: [], since: undefined });
    }),
  );
});

test('a document that is held, and was shipped as it is, never changes there, whatever is written over it here', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const model = new Model();
      model.run({ full: true, way: 'good' });
      model.held.add('a');
      const frozen = model.there.get('a');
      for (const one of actions) {
        if (one.do === 'change') model.here.set(one.name, model.next++);
        else if (one.do === 'forget') model.state = undefined;
        else if (one.do === 'run') model.run(one);
        else if (one.name !== 'a') continue;
        expect(model.there.get('a')).toBe(frozen);
      }
    }),
  );
});

test('what waits does not begin to wait anew when it changes, and a clock that was ahead keeps nothing from being looked at', () => {
  const model = new Model();
  model.run({ full: false, way: 'offline' });
  const since = model.state && pendingOf(model.state).since;
  model.here.set('a', 7);
  model.run({ full: false, way: 'offline' });
  expect(model.state && pendingOf(model.state).since).toEqual(since);
  model.run({ full: false, way: 'good' });
  model.here.set('a', 8);
  model.run({ full: false, way: 'offline' });
  const back = new Date(500);
  const known = knownOf(to, model.state, back);
  expect(pendingOf(known)).toEqual({ names: ['a'], since: back });
  expect(questionOf(known, [], { now: back, lookEveryMs, full: false }).isFull).toBe(true);
  expect(knownOf('another', model.state, back).documents.size).toBe(0);
});
