// What an operator allows to be done to the database of an app.

/** How often an app's database is maintained; undefined for never. */
export interface MaintainConfig {
  readonly vacuumEveryMs: number | undefined;
  readonly optimizeEveryMs: number | undefined;
  readonly integrityEveryMs: number | undefined;
  /** By the timer a file with a smaller share of free pages is left as it is. */
  readonly freePercentMin: number;
}
