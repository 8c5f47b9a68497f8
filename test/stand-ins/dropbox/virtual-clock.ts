// The stand-in's time: the real one, moved forward by a test. Tokens, upload sessions and waits after a 429 obey it.

export class VirtualClock {
  /** By how much the Date header of replies is wrong. */
  skewSeconds = 0;
  private offsetMs = 0;
  private standsAtMs: number | undefined;
  private readonly listeners = new Set<() => void>();

  /** Milliseconds since 1970. */
  now(): number {
    return (this.standsAtMs ?? Date.now()) + this.offsetMs;
  }

  /** From now on time goes by `advance` alone: what is measured is then no matter of speed. */
  stand(): void {
    this.standsAtMs ??= Date.now();
  }

  advance(seconds: number): void {
    this.offsetMs += seconds * 1000;
    for (const listener of [...this.listeners]) listener();
  }

  /** Calls back after each jump; returns how to stop that. */
  onAdvance(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dateHeader(): string {
    return new Date(this.now() + this.skewSeconds * 1000).toUTCString();
  }

  /** Dropbox's only format: whole seconds, UTC. */
  timestamp(): string {
    return formatTimestamp(this.now());
  }
}

export function formatTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
