// A square for each day, a column for each week: the night that is missing catches the eye. What is not good differs in
// its shape as well as in its colour.
import { chartWidth, drawing, px } from './chart-frame.ts';
import { type Markup, markup } from './markup.ts';
import type { Day, DaysPicture, DayState } from './picture.ts';

const left = 28;
const top = 16;
/** As large as fits for a year, and no larger than is pleasant for a week. */
const pitchMax = 12;

export function daysChart({ days }: DaysPicture, { says }: { says: string }): Markup {
  const weeks = Math.ceil((days.length + (days[0]?.weekday ?? 0)) / 7);
  const pitch = px(Math.min(pitchMax, (chartWidth - left) / Math.max(1, weeks)));
  const places = placed(days, pitch);
  const bottom = top + 7 * pitch;
  const marks = shapes.map(({ state, className, shape }) => {
    const d = places
      .filter(({ day }) => day.state === state)
      .map(({ x, y }) => shape(x, y, px(pitch - 1)))
      .join('');
    return d === '' ? markup`` : markup`<path class="${className}" d="${d}"${attributesOf(state)}/>`;
  });
  const height = Math.ceil(bottom + 22);
  return drawing(says, height, [...labels(places, pitch), ...marks, ...legend(days, height - 5)]);
}

interface Place {
  readonly day: Day;
  readonly x: number;
  readonly y: number;
}

function placed(days: readonly Day[], pitch: number): Place[] {
  const offset = days[0]?.weekday ?? 0;
  return days.map((day, index) => ({
    day,
    x: px(left + Math.floor((index + offset) / 7) * pitch),
    y: px(top + day.weekday * pitch),
  }));
}

type Shape = (x: number, y: number, size: number) => string;

const square: Shape = (x, y, size) => `M${x} ${y}h${size}v${size}h${-size}z`;
const hollow: Shape = (x, y, size) => square(px(x + 0.6), px(y + 0.6), px(size - 1.2));
const diamond: Shape = (x, y, size) => {
  const half = px(size / 2);
  return `M${px(x + half)} ${y}l${half} ${half}l${-half} ${half}l${-half} ${-half}z`;
};
const cross: Shape = (x, y, size) => `M${x} ${y}l${size} ${size}m0 ${-size}l${-size} ${size}`;

const shapes: readonly { state: DayState; className: string; shape: Shape; word: string }[] = [
  { state: 'good', className: 'good', shape: square, word: 'proven' },
  { state: 'odd', className: 'odd', shape: diamond, word: 'suspect' },
  { state: 'failed', className: 'bad stroked', shape: cross, word: 'failed' },
  { state: 'missing', className: 'none stroked', shape: hollow, word: 'nothing' },
];

/** What is drawn as a line says so itself, for who takes the styles away. */
function attributesOf(state: DayState): Markup {
  if (state === 'good') return markup` fill-opacity=".5"`;
  return state === 'odd' ? markup`` : markup` fill="none" stroke="currentColor" stroke-width="1.4"`;
}

function labels(places: readonly Place[], pitch: number): Markup[] {
  const mondays = ['Mon', 'Thu', 'Sun'].map(
    (word, index) =>
      markup`<text class="tick" x="0" y="${px(top + (index * 3 + 0.5) * pitch + 4)}" font-size="9">${word}</text>`,
  );
  let free = 0;
  const months = places.flatMap(({ day, x }, index) => {
    const isFirst = day.date.endsWith('-01') || (index === 0 && Number(day.date.slice(8)) < 20);
    if (!isFirst || x < free || x > chartWidth - 24) return [];
    free = x + 40; // every other month
    const date = new Date(`${day.date}T00:00:00Z`);
    const month = date.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
    return [markup`<text class="tick" x="${x}" y="10">${month}</text>`];
  });
  return pitch * 3 < 11 ? months : [...mondays, ...months];
}

function legend(days: readonly Day[], y: number): Markup[] {
  let x = left;
  return shapes.flatMap(({ state, className, shape, word }) => {
    const count = days.filter((day) => day.state === state).length;
    if (count === 0) return [];
    const at = x;
    const words = `${count} ${word}`;
    x += 20 + words.length * 6;
    return [
      markup`<path class="${className}" d="${shape(at, y - 8, 8)}"${attributesOf(state)}/><text x="${at + 12}" y="${y}">${words}</text>`,
    ];
  });
}
