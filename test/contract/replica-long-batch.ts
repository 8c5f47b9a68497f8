// A batch that takes a while, the same whoever makes it: for processes that do not come to its end.
import { arriving, row, Sender } from './replica-world.ts';
import { fixedClock } from '../support/fixed-clock.ts';

export const longRows = Array.from({ length: 20_000 }, (_, index) =>
  row(BigInt(index), 'x'.repeat(index % 200)),
);

export function longBatch() {
  const { header } = new Sender({ clock: fixedClock() }).batch([]);
  return arriving({ header, changes: longRows });
}
