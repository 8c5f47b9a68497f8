// What a restore stops and starts, and how it finds out that the app is well again.

export interface ServicesConfig {
  readonly units: readonly string[];
  readonly stop: string | undefined;
  readonly start: string | undefined;
  readonly timeoutMs: number;
}

/** How a restore finds out whether the app is well again: a command that exits 0, or a URL that answers 2xx. */
export interface HealthConfig {
  readonly command: string | undefined;
  readonly url: string | undefined;
  readonly timeoutMs: number;
}
