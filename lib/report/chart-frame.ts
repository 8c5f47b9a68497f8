// What the charts have in common: a drawing that says what it shows, and axes with round values. Drawn for the width of a
// phone, so that its text is as large there as elsewhere. Colours are classes; without styles the attributes will do.
import { scaleLinear, scaleUtc } from 'd3-scale';
import { joined, type Markup, markup } from './markup.ts';
import type { Measure } from './picture.ts';

export const chartWidth = 360;

/** Where a value lies in the drawing. */
type Scale<Value> = (value: Value) => number;

export interface Axis<Value> {
  readonly at: Scale<Value>;
  readonly marks: Markup;
}

/** The drawing, as one picture with a text for who does not see it. */
export function drawing(says: string, heightPx: number, marks: readonly Markup[]): Markup {
  return markup`<svg role="img" aria-label="${says}" viewBox="0 0 ${chartWidth} ${heightPx}" width="${chartWidth}" height="${heightPx}" font-size="11" font-family="sans-serif" fill="currentColor">
${joined(marks, '\n')}</svg>`;
}

/** A place in the drawing: a tenth of a pixel is enough. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}

interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Time from left to right, with a few ticks. One at the very edge has no room for its words, and keeps its line. */
export function timeAxis(from: Date, to: Date, { left, right, top, bottom }: Area): Axis<Date> {
  const scale = scaleUtc().domain([from, to]).range([left, right]);
  const ticks = scale.ticks(4);
  const hasDays = ticks.some((tick) => tick.getUTCDate() !== 1);
  const marks = ticks.flatMap((tick) => {
    const x = px(scale(tick));
    const words = timeWords(tick, hasDays);
    const halfWidth = (words.length * letterWidth) / 2;
    const fits = x > halfWidth && x < chartWidth - halfWidth;
    return [
      markup`<path class="grid" d="M${x} ${top}V${bottom + 3}" stroke="currentColor" stroke-opacity=".15" fill="none"/>`,
      ...(fits
        ? [markup`<text class="tick" x="${x}" y="${bottom + 15}" text-anchor="middle">${words}</text>`]
        : []),
    ];
  });
  return { at: scale, marks: joined(marks, '\n') };
}

/** Of a letter of 11 pixels, on the average. */
const letterWidth = 6.2;

/** The month; the year where one begins; with a day in it where the ticks are closer than months. */
function timeWords(tick: Date, hasDays: boolean): string {
  const month = tick.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
  if (hasDays) return `${tick.getUTCDate()} ${month}`;
  return tick.getUTCMonth() === 0 ? String(tick.getUTCFullYear()) : month;
}

/** Values from the bottom up, from nothing on, so that a growth looks as large as it is. The topmost tick says the unit. */
export function valueAxis(measure: Measure, max: number, { left, right, top, bottom }: Area): Axis<number> {
  const { divisor, unit } = unitOf(measure, max);
  const scale = scaleLinear()
    .domain([0, Math.max(max / divisor, Number.MIN_VALUE)])
    .range([bottom, top]);
  if (measure !== 'percent') scale.nice(4);
  const ticks = scale.ticks(4);
  const marks = ticks.map((tick, index) => {
    const y = px(scale(tick));
    const words = index === ticks.length - 1 ? `${tick} ${unit}` : String(tick);
    return markup`<path class="grid" d="M${left} ${y}H${right}" stroke="currentColor" stroke-opacity=".15" fill="none"/><text class="tick" x="${left - 5}" y="${y + 4}" text-anchor="end">${words}</text>`;
  });
  return { at: (value) => scale(value / divisor), marks: joined(marks, '\n') };
}

const unitsOf: Readonly<Record<Measure, readonly (readonly [divisor: number, unit: string])[]>> = {
  bytes: [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
    [1, 'B'],
  ],
  rate: [
    [1e9, 'GB/s'],
    [1e6, 'MB/s'],
    [1e3, 'kB/s'],
    [1, 'B/s'],
  ],
  duration: [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
    [1, 'ms'],
  ],
  percent: [[1, '%']],
};

function unitOf(measure: Measure, max: number): { divisor: number; unit: string } {
  const units = unitsOf[measure];
  const [divisor, unit] = units.find(([each]) => max >= each) ?? units.at(-1) ?? [1, ''];
  return { divisor, unit };
}
