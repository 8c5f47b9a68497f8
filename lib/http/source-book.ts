// What a receiver remembers of each source beside the rows: when it was last heard of, and what of it failed. It helps, and
// is never needed. docs/formats.md pins the file.
import { errorMessage } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { readRecord } from '../files/read-small-file.ts';
import { Fields, ifWhole } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord } from '../record/json-record.ts';

export interface SourceNote {
  readonly lastSeenAt: string | undefined;
  /** Batches that were not taken. */
  readonly failed: number;
  readonly lastFailure: { readonly at: string; readonly message: string } | undefined;
}

const format = { name: 'holdfast-delta-sources', version: 1, called: 'note of sources' };
const bytesMax = 4 * 1024 * 1024;
/** That a source was heard of is written down so often at most: a memory card wears out. */
const writeEveryMs = 60_000;
const nothing: SourceNote = { lastSeenAt: undefined, failed: 0, lastFailure: undefined };

/** What was written down; empty where nothing was, or it is damaged. */
export async function readSourceBook(path: string): Promise<ReadonlyMap<string, SourceNote>> {
  const text = await readRecord(path, bytesMax).catch(() => undefined);
  const found =
    text === undefined
      ? undefined
      : ifWhole((flaw) => {
          const { fields } = openJsonRecord(text, format, flaw);
          return fields
            .object('sources')
            .entries()
            .map(([name, value]): [string, SourceNote] => [name, parse(new Fields(value, 'sources.', flaw))]);
        });
  return new Map(found ?? []);
}

function parse(fields: Fields): SourceNote {
  const ifText = (key: string) => (fields.optional(key) === undefined ? undefined : fields.text(key));
  const [at, message] = [ifText('last_failure_at'), ifText('last_failure')];
  return {
    lastSeenAt: ifText('last_seen_at'),
    failed: fields.count('failed'),
    lastFailure: at === undefined || message === undefined ? undefined : { at, message },
  };
}

export class SourceBook {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #notes: Map<string, SourceNote>;
  #writtenAtMs = -Infinity;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    path: string,
    notes: ReadonlyMap<string, SourceNote>,
    { clock, log }: { clock: Clock; log: Log },
  ) {
    this.#path = path;
    this.#notes = new Map(notes);
    this.#clock = clock;
    this.#log = log;
  }

  notes(): ReadonlyMap<string, SourceNote> {
    return this.#notes;
  }

  seen(source: string): void {
    this.#note(source, { lastSeenAt: this.#now() });
    if (this.#clock.monotonicMs() - this.#writtenAtMs >= writeEveryMs) void this.write();
  }

  failed(source: string, message: string): void {
    const failed = (this.#notes.get(source)?.failed ?? 0) + 1;
    this.#note(source, { failed, lastFailure: { at: this.#now(), message: message.slice(0, 500) } });
    void this.write();
  }

  /** Never rejects. */
  write(): Promise<void> {
    this.#writtenAtMs = this.#clock.monotonicMs();
    this.#writing = this.#writing.then(async () => {
      const sources = Object.fromEntries([...this.#notes].map(([name, note]) => [name, wire(note)]));
      await writeFileAtomically(this.#path, formatJsonRecord(format, { sources }), { toOwner: true }).catch(
        (error: unknown) => this.#log.warn(`cannot note what became of the sources: ${errorMessage(error)}`),
      );
    });
    return this.#writing;
  }

  #note(source: string, changes: Partial<SourceNote>): void {
    this.#notes.set(source, { ...nothing, ...this.#notes.get(source), ...changes });
  }

  #now(): string {
    return this.#clock.now().toISOString();
  }
}

function wire({ lastSeenAt, failed, lastFailure }: SourceNote) {
  return {
    last_seen_at: lastSeenAt ?? null,
    failed,
    last_failure_at: lastFailure?.at ?? null,
    last_failure: lastFailure?.message ?? null,
  };
}
