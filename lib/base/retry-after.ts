// How long a server asks to wait, in every form in which one says it.

/** More than any server means: what is larger is as good as never, and still a number to reckon with. */
const longestMs = 365 * 24 * 60 * 60 * 1000;

/**
 * What a Retry-After header says, with the Date header of the same reply: seconds, also with a fraction, or a date, which
 * counts from the server's own clock, for ours may be wrong. Undefined where it says nothing.
 */
export function retryAfterMs(header: string | null, date: string | null): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,20}(?:\.\d{0,9})?$/.test(text)) return boundedMs(Number(text) * 1000);
  if (!/[a-z]/i.test(text)) return undefined;
  return boundedMs(Date.parse(text) - Date.parse(date ?? ''));
}

/** A number of milliseconds that somebody else gave; undefined for what is none, or in the past. */
export function boundedMs(value: number): number | undefined {
  return value > 0 ? Math.min(Math.ceil(value), longestMs) : undefined;
}
