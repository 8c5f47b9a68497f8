// How the pages of an app's database are kept: in fulls, and in increments on them, and what asks for a new full.
import { periodsOf } from './period.ts';

/** Of one app. */
export interface PagesPolicy {
  /**
   * How many increments a restore needs at most beside the full: 1: each is on the full; 2: the first of a day on the full, the
   * later ones on that; 3: the first of a week, the first of a day on that, the later ones.
   */
  levels: 1 | 2 | 3;
  /** A new full begins with the first backup of a week or a month, also where nothing else asks for one. */
  full: 'when-due' | 'weekly' | 'monthly';
  /** Whether a copy of the full stays on this machine, by which increments get much smaller. */
  keepsFull: boolean;
  /** When a full that is due, and need not be at once, is made; undefined for whenever it is due. */
  fullWindow: FullWindow | undefined;
}

/** A part of a week, in the time zone of the configuration. */
export interface FullWindow {
  /** 0 for Sunday, as in Date; undefined for every day. A full begins on that day; on the days after it goes on at the same hours. */
  weekday: number | undefined;
  /** Minutes after midnight. */
  startMinutes: number;
  lengthMs: number;
}

/** Whether so many pages changed that an increment of them is hardly less than a full. */
export function areMost(changedPages: number, pageCount: number): boolean {
  return changedPages * 2 > pageCount;
}

/** Whether the increments on a full have cost so much that another one is cheaper before long. */
export function costTooMuch(incrementBytes: number, fullBytes: number): boolean {
  return incrementBytes * 2 > fullBytes;
}

/** Whether `at` is in a later week or month than the full, where each is to begin with one. A clock that went back asks for none. */
export function isInLaterPeriod(
  at: Date,
  full: { takenAt: Date },
  { policy, timeZone }: { policy: Pick<PagesPolicy, 'full'>; timeZone: string },
): boolean {
  if (policy.full === 'when-due') return false;
  return periodsOf(at, timeZone)[policy.full] > periodsOf(full.takenAt, timeZone)[policy.full];
}

/** Whether others are ever based on a backup of that level: on the last one nothing is. */
export function canBeBase(level: number, levels: PagesPolicy['levels']): boolean {
  return level < levels;
}

export const usualPages: PagesPolicy = {
  levels: 2,
  full: 'when-due',
  keepsFull: true,
  fullWindow: undefined,
};
