// Which store is opened, made or refused, of every combination of what is there, what is remembered, what the configuration
// names, and what the store is opened for.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { rememberStore } from '../../../lib/run/known-store.ts';
import type { StorePurpose } from '../../../lib/run/open-store.ts';
import { openIdentified, type StorePlace } from '../../../lib/run/store-identity.ts';
import type { StoreMark } from '../../../lib/store/mark.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { scratch } from '../../support/scratch.ts';

const [a, b, fresh] = ['a'.repeat(32), 'b'.repeat(32), 'f'.repeat(32)];
const purposes: StorePurpose[] = ['look', 'glance', 'store', 'try', 'init', 'try-init'];
/** What nobody remembers is `never`; of a store of before ids no id is. */
const remembered = ['never', undefined, a] as const;
const marks: (StoreMark | undefined)[] = [undefined, { id: undefined }, { id: a }, { id: b }];
const pins = [undefined, a, b];
const looks = [
  { isFree: false, hasCopies: false, foreign: undefined },
  { isFree: true, hasCopies: false, foreign: undefined },
  { isFree: true, hasCopies: true, foreign: undefined },
  { isFree: true, hasCopies: true, foreign: 'holiday.jpg' },
];
const others = [false, true];

interface Case {
  purpose: StorePurpose;
  known: (typeof remembered)[number];
  mark: StoreMark | undefined;
  pin: string | undefined;
  found: (typeof looks)[number];
  other: boolean;
}

const cases: Case[] = purposes.flatMap((purpose) =>
  remembered.flatMap((known) =>
    marks.flatMap((mark) =>
      pins.flatMap((pin) =>
        looks.flatMap((found) => others.map((other) => ({ purpose, known, mark, pin, found, other }))),
      ),
    ),
  ),
);

test.each(purposes)('opened to %s', async (purpose) => {
  for (const each of cases.filter((one) => one.purpose === purpose)) {
    const { ended, made, before, after } = await open(each);
    expect({ ...each, ended, made }).toEqual({ ...each, ...expected(each) });
    const keeps = purpose === 'store' || purpose === 'init';
    if (!keeps || ended === 'refused') expect({ ...each, after }).toEqual({ ...each, after: before });
    else expect({ ...each, id: idIn(after) }).toEqual({ ...each, id: ended });
  }
});

/** The id of the store that is opened, `unmarked` for a look without one, or `refused`; and whether a mark was made. */
function expected({ purpose, known, mark, pin, found, other }: Case): { ended?: string; made: boolean } {
  const [takes, makes] = [/init/.test(purpose), purpose === 'store' || purpose === 'init'];
  const refused = { ended: 'refused', made: false };
  if (pin !== undefined && mark?.id !== pin) return refused;
  if (mark !== undefined) {
    const isAnother =
      pin === undefined && typeof known === 'string' && known !== 'never' && mark.id !== known;
    if (isAnother && !takes) return refused;
    if (mark.id !== undefined) return { ended: mark.id, made: false };
    return makes ? { ended: fresh, made: true } : { ended: 'without an id', made: false };
  }
  if (!found.isFree || (known !== 'never' && !takes)) return refused;
  if (takes) return makes ? { ended: fresh, made: true } : { ended: 'unmarked', made: false };
  if (purpose === 'look' || purpose === 'glance')
    return found.hasCopies ? { ended: 'unmarked', made: false } : refused;
  if (found.foreign !== undefined || (other && !found.hasCopies)) return refused;
  return makes ? { ended: fresh, made: true } : { ended: 'unmarked', made: false };
}

async function open({ purpose, known, mark, pin, found, other }: Case) {
  const stateDirectory = scratch();
  const clock = fixedClock();
  const around = {
    ...{ purpose, clock, log: silentLog, leavesTraces: false, wait: async () => undefined },
    signal: new AbortController().signal,
  };
  if (known !== 'never') await rememberStore(stateDirectory, { path: '/srv/here', id: known }, around);
  if (other) await rememberStore(stateDirectory, { path: '/srv/other', id: b }, around);
  const before = notes(stateDirectory);
  let made = false;
  const store = memoryStore({ clock, log: silentLog });
  const place: StorePlace = {
    ...{ called: 'the place', path: '/srv/here', question: 'is it?' },
    readMark: async () => mark,
    look: async () => found,
    makeMark: async () => ((made = true), { id: fresh }),
    open: async (opened) => {
      if (opened !== undefined) return { ...store, id: opened.id ?? 'without an id' };
      throw new OpsError('unavailable', 'no mark');
    },
    openUnmarked: () => ({ ...store, id: 'unmarked' }),
  };
  const ended = await openIdentified(
    place,
    { stateDirectory, pinned: pin, source: '/etc/x.toml' },
    around,
  ).then(
    ({ id }) => id,
    (error: unknown) => {
      expect(error).toMatchObject({ kind: 'unavailable' });
      return 'refused';
    },
  );
  return { ended, made, before, after: notes(stateDirectory) };
}

function notes(stateDirectory: string): { path: string; id?: string }[] {
  const folder = join(stateDirectory, 'stores');
  try {
    return readdirSync(folder).map(
      (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { path: string },
    );
  } catch {
    return []; // nothing was remembered
  }
}

function idIn(found: { path: string; id?: string }[]): string | undefined {
  return found.find(({ path }) => path === '/srv/here')?.id;
}
