// What makes a machine the standby of an app: its copy has to be so new and so large that it may be made live.

/** From where on a warm copy is not what it should be. */
export interface StandbyConfig {
  /** How old the newest backup, and so the copy of it, may be. */
  readonly ageMsMax: number;
  /** A smaller copy is no whole database; undefined where any size may be. */
  readonly sizeBytesMin: number | undefined;
}
