// What `[explorer]` decides, as the rest of the program sees it.

/** Datasette, on 127.0.0.1. */
export interface ExplorerConfig {
  readonly program: string;
  readonly port: number;
  /** Begins and ends with a slash. */
  readonly baseUrl: string;
  /** Those whose databases are shown as well, by copies. */
  readonly apps: readonly string[];
  readonly queryTimeoutMs: number;
  readonly rowsMax: number;
}
