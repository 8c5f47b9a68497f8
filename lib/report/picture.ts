// What is to be drawn, as data: lines over time, a strip of days, bars in time.

export type Picture = LinePicture | DaysPicture | BarsPicture;

/** In what a value is counted: it decides where an axis has its ticks, and how they are written. */
export type Measure = 'bytes' | 'duration' | 'rate' | 'percent';

export interface Point {
  readonly at: Date;
  readonly value: number;
  /** Drawn by itself, as something that is not as it should be. */
  readonly isOdd?: boolean;
}

export interface LinePicture {
  readonly kind: 'line';
  readonly measure: Measure;
  readonly from: Date;
  readonly to: Date;
  /** Oldest first. Where more than `gapMs` lie between two there is a gap. */
  readonly points: readonly Point[];
  readonly gapMs: number;
  /** Where it is heading, as a dashed line from the last point. */
  readonly forecast?: Point | undefined;
  /** The top of the axis; by the values unless given. */
  readonly max?: number;
}

export interface DaysPicture {
  readonly kind: 'days';
  /** One for each day in a row, oldest first. */
  readonly days: readonly Day[];
}

export type DayState = 'good' | 'odd' | 'failed' | 'missing';

export interface Day {
  /** `2026-11-27`, and the day of the week of that, Monday 0. */
  readonly date: string;
  readonly weekday: number;
  /** Undefined: nothing was to be expected yet. */
  readonly state: DayState | undefined;
}

export interface BarsPicture {
  readonly kind: 'bars';
  readonly from: Date;
  readonly to: Date;
  readonly rows: readonly {
    readonly label: string;
    readonly bars: readonly { readonly from: Date; readonly to: Date; readonly tone: Tone }[];
  }[];
}

/** The colour of a mark, and its shape where it has no width. */
type Tone = 'good' | 'warning' | 'critical';
