// How facts are measured, for a check to judge: the contract of every file in this folder.
import type { Clock } from '../base/clock.ts';
import type { CommandRunner } from '../base/command.ts';
import type { Log } from '../base/log.ts';
import type { CatalogueEntry } from '../backup/catalogue.ts';
import type { Config, GuardedApp } from '../config/config.ts';
import type { AnyCheck, Check } from '../health/check.ts';
import type { DeliveryFacts } from '../health/alert-delivery.ts';
import type { History } from '../history/history.ts';
import type { Store } from '../store/store.ts';

/** What a probe is given. */
export interface ProbeContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the time of this measurement is up, or the run is told to stop. */
  readonly signal: AbortSignal;
  /** Other programs. What may hang in the kernel goes through `askProgram` (lib/process/abandon.ts) instead. */
  readonly run: CommandRunner;
  /** Where /proc, /sys and /etc are: `/`, or a tree of a test. */
  readonly root: string;
  readonly history: History;
  /** Whether the time of day can be believed, asked once a run. */
  clockState(): Promise<'synchronised' | 'unsynchronised' | 'unknown'>;
  /** What a probe has remembered of an earlier run; undefined where nothing was. */
  recall(key: string): string | undefined;
  /** Kept when the run ends well, with everything else that it found. */
  remember(key: string, value: string): void;
  /** The backups of an app in the store, newest first; the store is asked once a run. */
  backups(app: GuardedApp): Promise<readonly CatalogueEntry[]>;
  /** A full of an app that waits here until all of it is sent; undefined where none does. */
  waitingFull(app: GuardedApp): Promise<{ name: string; takenAt: Date; sizeBytes: number } | undefined>;
  openStore(): Promise<Store>;
  /** What waits to be told; undefined where nobody is to be told anything. */
  delivery(): Promise<DeliveryFacts | undefined>;
}

/** Measures what one check asks. */
export interface Probe<Facts> {
  /**
   * What there is to look at, by name. Cheap, and never hangs: from the configuration, or /proc. None: the check does not
   * apply here.
   */
  subjects(context: ProbeContext): readonly string[] | Promise<readonly string[]>;
  /**
   * One of them. A thrown OpsError is `unknown`, with its message and hint: where failing is the answer, it is returned as a
   * fact.
   */
  measure(context: ProbeContext, subject: string): Promise<Facts>;
  /** After so long the answer is `unknown`; 10 s unless given. */
  readonly timeoutMs?: number;
}

/** A check with what measures it. */
export interface Probed {
  readonly check: AnyCheck;
  readonly probe: Probe<unknown>;
}

/** Sees to it that a check judges what its probe measures. */
export function probed<Facts>(check: Check<Facts>, probe: Probe<Facts>): Probed {
  return { check, probe };
}
