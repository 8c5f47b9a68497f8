// What `[health.database]`, `[health.wal]` and `[health.certificate]` have beside the keys of every check.
import { z } from 'zod';
import type { DatabaseHealth, WalHealth } from '../health-config.ts';
import { absolutePath, duration } from './values.ts';

const percent = z.number().positive('must be more than 0');

export const databaseKeys = {
  check_every: duration.optional().describe('how often all pages of a database are checked; such as "7d"'),
  check_seconds: z
    .number()
    .min(0, 'must not be negative')
    .max(180, 'must be at most 180')
    .default(60)
    .describe('how long that may take in one run, for all databases together; 0 for never'),
  growth_percent: percent.default(50).describe('growing by so much of its size in a day is a warning'),
};

const dayMs = 86_400_000;

export function databaseConfig(table: z.infer<z.ZodObject<typeof databaseKeys>> | undefined): DatabaseHealth {
  return {
    checkEveryMs: table?.check_every ?? dayMs,
    checkMsMax: (table?.check_seconds ?? 60) * 1000,
    growthPercentMax: table?.growth_percent ?? 50,
  };
}

export const walKeys = {
  reader_after: duration
    .optional()
    .describe('a reader that has kept its place for so long is a warning; such as "1h"'),
  free_percent: percent
    .max(100, 'must be at most 100')
    .default(50)
    .describe('a share of free pages from which on it is a warning'),
};

export function walConfig(table: z.infer<z.ZodObject<typeof walKeys>> | undefined): WalHealth {
  return { readerMsMax: table?.reader_after ?? 3_600_000, freePercentMax: table?.free_percent ?? 50 };
}

export const certificateKeys = {
  files: z.array(absolutePath).default([]).describe('certificates in files, beside those of https endpoints'),
};

export function certificateConfig(
  table: z.infer<z.ZodObject<typeof certificateKeys>> | undefined,
): readonly string[] {
  return table?.files ?? [];
}
