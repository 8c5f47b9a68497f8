// A value over time: a line with gaps where nothing was measured, its newest value written beside it.
import { area, line } from 'd3-shape';
import { chartWidth, drawing, px, timeAxis, valueAxis } from './chart-frame.ts';
import { type Markup, markup } from './markup.ts';
import type { LinePicture, Point } from './picture.ts';

const height = 150;
const bounds = { left: 52, right: chartWidth - 8, top: 20, bottom: height - 22 };

export function lineChart(
  picture: LinePicture,
  { says, format }: { says: string; format: (value: number) => string },
): Markup {
  const { points, from, to, measure, gapMs, forecast } = picture;
  const max = picture.max ?? Math.max(...points.map(({ value }) => value), forecast?.value ?? 0);
  const time = timeAxis(from, to, bounds);
  const values = valueAxis(measure, max, bounds);
  const x = ({ at }: Point) => time.at(at);
  const y = ({ value }: Point) => values.at(value);
  const shown = points.filter(({ at }) => at >= from && at <= to);
  const usual = shown.filter(({ isOdd }) => isOdd !== true);
  const withGaps = outlineOf(gapsIn(usual, gapMs), x);
  const there = (point: Point | undefined): boolean => point !== undefined;
  const place = (of: (point: Point) => number) => (point: Point | undefined) =>
    point === undefined ? 0 : of(point);
  const ground = area<Point | undefined>().defined(there).digits(1).x(place(x)).y0(values.at(0)).y1(place(y));
  const stroke = line<Point | undefined>().defined(there).digits(1).x(place(x)).y(place(y));
  const last = shown.at(-1);
  return drawing(says, height, [
    time.marks,
    values.marks,
    markup`<path class="ground" d="${ground(withGaps) ?? ''}" fill-opacity=".12"/>`,
    markup`<path class="line" d="${stroke(withGaps) ?? ''}" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/>`,
    ...(forecast === undefined || last === undefined
      ? []
      : [
          markup`<path class="ahead" d="${stroke([last, forecast]) ?? ''}" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="3 3"/>`,
        ]),
    ...shown.filter(({ isOdd }) => isOdd === true).map((point) => diamond(px(x(point)), px(y(point)))),
    ...(last === undefined ? [] : [newest(px(x(last)), px(y(last)), format(last.value))]),
  ]);
}

/** With nothing between two points that are too far apart: the line is not drawn there. */
function gapsIn(points: readonly Point[], gapMs: number): (Point | undefined)[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    const isFar = before !== undefined && point.at.getTime() - before.at.getTime() > gapMs;
    return isFar ? [undefined, point] : [point];
  });
}

/**
 * Of many points in one column of pixels the lowest and the highest: the line looks the same, and a year of hours takes no
 * more room than a year of nights.
 */
function outlineOf(
  points: readonly (Point | undefined)[],
  x: (point: Point) => number,
): (Point | undefined)[] {
  const columns: (Point | undefined)[][] = [];
  let before: number | undefined;
  for (const point of points) {
    const column = point === undefined ? undefined : Math.floor(x(point));
    if (column !== undefined && column === before) columns.at(-1)?.push(point);
    else columns.push([point]);
    before = column;
  }
  return columns.flatMap((column) => {
    const sorted = column.filter((point) => point !== undefined).sort((a, b) => a.value - b.value);
    const ends = new Set([sorted[0], sorted.at(-1)]);
    return column.length < 3 ? column : column.filter((point) => ends.has(point));
  });
}

/** Beside the line and not as part of it: a database that was emptied for one night is no trend. */
function diamond(x: number, y: number): Markup {
  return markup`<path class="odd" d="M${x} ${px(y - 4)}l4 4l-4 4l-4 -4z"/>`;
}

/** Written above the lines and not beside its point, where the line would go through it. */
function newest(x: number, y: number, words: string): Markup {
  return markup`<circle class="dot" cx="${x}" cy="${y}" r="3"/><text class="value" x="${bounds.right}" y="${bounds.top - 8}" text-anchor="end" font-weight="600">${words}</text>`;
}
