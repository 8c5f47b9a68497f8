// Reads the fields of a JSON object one at a time, each as exactly what it must be. Keys nobody asks for are ignored.
import { OpsError } from '../base/errors.ts';
import { isCalendarTime } from '../base/calendar.ts';

/** Makes the error to throw from a cause, such as `size_bytes is missing`, and from what helps where that is known. */
export type Flaw = (cause: string, hint?: string) => OpsError;

const instantPattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,3})?Z$/;

/** What `read` gives; undefined where it throws what its `flaw` makes: for records that help and are never needed. */
export function ifWhole<T>(read: (flaw: Flaw) => T): T | undefined {
  try {
    return read((cause) => new OpsError('damaged', cause));
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

/** The fields of one object. Every method throws what `flaw` makes unless the field is there and as named. */
export class Fields {
  readonly #record: Record<string, unknown>;
  readonly #prefix: string;
  readonly #flaw: Flaw;

  /** `prefix` goes before a key in messages: `integrity.`, or nothing. */
  constructor(value: unknown, prefix: string, flaw: Flaw) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw flaw(`${prefix === '' ? 'it' : prefix.slice(0, -1)} is not an object`);
    }
    this.#record = value as Record<string, unknown>;
    this.#prefix = prefix;
    this.#flaw = flaw;
  }

  /** Whether the key is there at all. */
  has(key: string): boolean {
    return Object.hasOwn(this.#record, key);
  }

  /** The value itself, whatever it is; undefined where the key is not there, or holds nothing. */
  optional(key: string): unknown {
    return this.has(key) ? (this.#record[key] ?? undefined) : undefined;
  }

  /** A string, which may be empty. */
  string(key: string): string {
    const value = this.#value(key);
    if (typeof value !== 'string') throw this.#wrong(key, 'a text');
    return value;
  }

  /** A string that is not empty. */
  text(key: string): string {
    const value = this.string(key);
    if (value === '') throw this.#wrong(key, 'a text with something in it');
    return value;
  }

  /** True or false. */
  boolean(key: string): boolean {
    const value = this.#value(key);
    if (typeof value !== 'boolean') throw this.#wrong(key, 'true or false');
    return value;
  }

  /** A whole number from `min` to `max`. */
  integer(key: string, min: number, max: number): number {
    const value = this.#value(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.#wrong(key, 'a whole number');
    if (value < min || value > max) throw this.#wrong(key, `from ${min} to ${max}`);
    return value;
  }

  /** A whole number, zero or more. */
  count(key: string): number {
    const value = this.#value(key);
    if (typeof value === 'number' && value < 0) throw this.#flaw(`${this.#prefix}${key} is negative`);
    return this.integer(key, 0, Number.MAX_SAFE_INTEGER);
  }

  /** A SHA-256 digest, 64 lower-case hex digits. */
  digest(key: string): string {
    const value = this.string(key);
    if (!/^[0-9a-f]{64}$/.test(value)) throw this.#wrong(key, '64 lower-case hex digits');
    return value;
  }

  /** What was made at random to be told apart: 32 lower-case hex digits. */
  identifier(key: string): string {
    const value = this.text(key);
    if (!/^[0-9a-f]{32}$/.test(value)) throw this.#wrong(key, '32 lower-case hex digits');
    return value;
  }

  /** The same; undefined where the key is not there, or holds nothing. */
  optionalIdentifier(key: string): string | undefined {
    return this.optional(key) === undefined ? undefined : this.identifier(key);
  }

  /** One of the `choices`. */
  choice<const Choice extends string>(key: string, choices: readonly Choice[]): Choice {
    const value = this.string(key);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#wrong(key, choices.join(' or '));
    return found;
  }

  /** An instant in UTC, to the second or millisecond, of a date that exists. */
  instant(key: string): Date {
    const value = this.string(key);
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
      instantPattern.exec(value) ?? []
    )
      .slice(1)
      .map(Number);
    if (!isCalendarTime({ year, month, day, hour, minute, second })) {
      throw this.#wrong(key, 'a time such as 2026-11-20T02:05:13Z');
    }
    return new Date(value);
  }

  /** An array. */
  list(key: string): unknown[] {
    const value = this.#value(key);
    if (!Array.isArray(value)) throw this.#wrong(key, 'a list');
    return value;
  }

  /** Every key with what is below it: for an object whose keys are names. */
  entries(): [string, unknown][] {
    return Object.entries(this.#record);
  }

  /** The fields of the object below `key`. */
  object(key: string): Fields {
    return new Fields(this.#value(key), `${this.#prefix}${key}.`, this.#flaw);
  }

  #value(key: string): unknown {
    if (!this.has(key)) throw this.#flaw(`${this.#prefix}${key} is missing`);
    return this.#record[key];
  }

  #wrong(key: string, expected: string): OpsError {
    return this.#flaw(`${this.#prefix}${key} is not ${expected}`);
  }
}
