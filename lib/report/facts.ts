// What the report is made of: everything that is known, as data. Whoever gathers it says how old it is.
import type { Sample } from '../health/check.ts';
import type { CheckState } from '../health/reading.ts';
import type { Severity } from '../base/verdict.ts';

export interface ReportFacts {
  /** When it was gathered. */
  readonly at: Date;
  readonly timeZone: string;
  readonly host: string;
  readonly version: string;
  /** What our commands need beside it to find the configuration: ` --config <path>`, or nothing. */
  readonly configOption: string;
  /** How far back charts and lists go. */
  readonly since: Date;
  readonly apps: readonly AppFacts[];
  readonly checks: readonly CheckFacts[];
  /** Newest first. */
  readonly incidents: readonly IncidentFacts[];
  readonly disks: readonly DiskFacts[];
  /** Of the time from `since` on. */
  readonly rowChanges: { readonly since: Date; readonly sources: readonly RowChangeFacts[] };
  /** What could not be asked, one sentence each. */
  readonly gaps: readonly string[];
}

/** The state of a check, and after how long without a new answer the old one says nothing any more. */
export interface CheckFacts extends CheckState {
  readonly staleAfterMs: number;
}

export interface AppFacts {
  readonly name: string;
  readonly database: string;
  /** The newest proven backup, and the instant up to which the database is known to be in it. */
  readonly newest:
    | {
        readonly name: string;
        readonly at: Date;
        readonly sizeBytes: number;
        /** What it added to the store: less, where others hold the rest. */
        readonly storedBytes: number;
      }
    | undefined;
  /** The oldest proven one that is still there. */
  readonly oldestAt: Date | undefined;
  readonly provenCount: number;
  /** How many of these somebody gave a name of its own. */
  readonly provenNamed: number;
  /** Who says what there is; the history does where the store does not answer, and knows nothing of what was pruned. */
  readonly from: 'the store' | 'the history';
  /** What the store has in pages; undefined where that is nothing, or the store did not answer. */
  readonly pages: PagesFacts | undefined;
  /** When the timer starts the next backup; undefined where nobody knows. */
  readonly nextAt: Date | undefined;
  /** Oldest first, as are the next two. */
  readonly backups: readonly BackupFacts[];
  readonly runs: readonly RunFacts[];
  readonly drills: readonly DrillFacts[];
}

/** How the series of an app stands. */
export interface PagesFacts {
  /** What increments are made on. */
  readonly full: { readonly takenAt: Date; readonly storedBytes: number } | undefined;
  /** Of those on it that are there. */
  readonly increments: { readonly count: number; readonly storedBytes: number };
  readonly due: { readonly since: Date; readonly why: string } | undefined;
  /** Of each proven one, oldest first. */
  readonly needs: readonly RestoreNeed[];
}

/** What a restore of one backup reads. */
export interface RestoreNeed {
  readonly at: Date;
  readonly level: number;
  readonly addedBytes: number;
  /** With all that it is based on, and how many backups that is. */
  readonly readBytes: number;
  readonly backups: number;
}

/** A backup that was made, whether or not it is still there. */
export interface BackupFacts {
  readonly takenAt: Date;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  /** Of one in pages: 0 for a full. */
  readonly level: number | undefined;
  /** Proven, and neither suspect nor damaged. */
  readonly isSound: boolean;
}

/** A run that was to make a backup of this app. */
export interface RunFacts {
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly isDone: boolean;
  /** Whether other apps were part of it: then how long it took says nothing of this one. */
  readonly isShared: boolean;
  readonly sentBytes: number | undefined;
  readonly message: string | undefined;
}

export interface DrillFacts {
  readonly at: Date;
  readonly name: string;
  readonly outcome: 'passed' | 'failed';
  readonly detail: string;
}

export interface IncidentFacts {
  readonly check: string;
  readonly openedAt: Date;
  readonly closedAt: Date | undefined;
  readonly severity: Severity;
  readonly message: string;
}

/** A file system over time. */
export interface DiskFacts {
  readonly path: string;
  /** Percent used, oldest first. */
  readonly used: readonly Sample[];
  /** Of the newest answer. */
  readonly freeBytes: number | undefined;
}

/** Row changes of one source: of an app here to its receiver, or into a replica here. */
export interface RowChangeFacts {
  readonly direction: 'sent' | 'received';
  /** The app, or the replica. */
  readonly subject: string;
  readonly source: string;
  /** When a batch was applied last. */
  readonly lastAt: Date | undefined;
  /** When it was heard of last, with or without a batch. */
  readonly heardAt: Date | undefined;
  readonly batches: number;
  readonly rows: number;
  /** Now, for frozen days, and for any other reason; at a receiver here. */
  readonly held: number;
  readonly quarantined: number;
  /** Changes that were kept back in that time. */
  readonly keptBack: number;
  /** Batches that were not taken. */
  readonly notTaken: number;
  /** Since when the replica cannot be used, and why. */
  readonly away: { readonly since: Date; readonly problem: string } | undefined;
}
