// What happened when, and for how long: a row for each thing, a bar for each time.
import { chartWidth, drawing, px, timeAxis } from './chart-frame.ts';
import { joined, type Markup, markup } from './markup.ts';
import { clip } from '../base/printable.ts';
import type { BarsPicture } from './picture.ts';

const rowHeight = 30;
const top = 4;
const barHeight = 9;
/** Shorter ones are drawn as wide as that, or nobody sees them. */
const barWidthMin = 3;
/** What fits across the drawing. */
const labelCharactersMax = 52;

export function barsChart({ from, to, rows }: BarsPicture, { says }: { says: string }): Markup {
  const bottom = top + rows.length * rowHeight + 4;
  const bounds = { left: 4, right: chartWidth - 4, top, bottom };
  const time = timeAxis(from, to, bounds);
  const drawn = rows.map(({ label, bars }, index) => {
    const y = top + index * rowHeight;
    const marks = bars.map((bar) => {
      const start = Math.max(bounds.left, time.at(bar.from));
      const width = Math.max(barWidthMin, time.at(bar.to) - start);
      const x = Math.min(start, bounds.right - width);
      return markup`<rect class="${bar.tone}" x="${px(x)}" y="${y + 15}" width="${px(width)}" height="${barHeight}" rx="1"/>`;
    });
    return joined(
      [
        markup`<path class="rail" d="M${bounds.left} ${y + 19.5}H${bounds.right}" stroke="currentColor" stroke-opacity=".25" fill="none"/>`,
        markup`<text class="label" x="${bounds.left}" y="${y + 11}">${clip(label, labelCharactersMax)}</text>`,
        ...marks,
      ],
      '\n',
    );
  });
  return drawing(says, bottom + 20, [time.marks, ...drawn]);
}
