// The hourly, daily, weekly and monthly slots of a retention policy, and which backup holds each.
import { type Periods, periodsOf } from './period.ts';

/** The slots of one kind. */
export interface PeriodSlots {
  kind: keyof Periods;
  plural: string;
  /** How many slots the policy gives. */
  count: number;
  /** The name of the backup that holds each taken slot, by the label of the period; never more than `count`. */
  holders: Map<string, string>;
}

/**
 * Gives the slots to the newest backup of each of the newest periods. Only periods that have a backup count.
 * `backups` are newest first.
 */
export function periodSlots(
  backups: readonly { name: string; takenAt: Date }[],
  counts: Readonly<Record<keyof Periods, number>>,
  timeZone: string,
): PeriodSlots[] {
  const slots: PeriodSlots[] = [
    { kind: 'hourly', plural: 'hours', count: counts.hourly, holders: new Map() },
    { kind: 'daily', plural: 'days', count: counts.daily, holders: new Map() },
    { kind: 'weekly', plural: 'weeks', count: counts.weekly, holders: new Map() },
    { kind: 'monthly', plural: 'months', count: counts.monthly, holders: new Map() },
  ];
  for (const { name, takenAt } of backups) {
    const labels = periodsOf(takenAt, timeZone);
    for (const { kind, count, holders } of slots) {
      if (holders.size < count && !holders.has(labels[kind])) holders.set(labels[kind], name);
    }
  }
  return slots;
}
