// Time stamps as apps write them and clients send them back: ISO, with a blank or a T, with or without a zone.

const pattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(Z|[+ -]?\d\d:?\d\d)?$/i;

/**
 * A stamp as SQLite's texts sort: `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, without zeros at its end, so that it is never after a
 * text of the same instant, or `earlierMs` before it. Undefined for what is no time. (The "+" of a zone arrives as a blank where
 * nobody escaped it.)
 */
export function parseSince(text: string, earlierMs = 0): string | undefined {
  const found = pattern.exec(text.trim());
  if (found === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone] = found;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(8, 10) !== day) return undefined;
  const offsetMs = zoneMs(zone);
  if (offsetMs === undefined) return undefined;
  const at = new Date(ms - offsetMs - earlierMs);
  const micros = fraction.slice(0, 6).replace(/0+$/, '');
  return at.toISOString().slice(0, 19).replace('T', ' ') + (micros === '' ? '' : `.${micros}`);
}

function zoneMs(zone = 'Z'): number | undefined {
  if (/^z$/i.test(zone)) return 0;
  const [, sign, hours, minutes] = /^([+ -]?)(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined;
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -ms : ms;
}

const storedStamp = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?/;

/** A stored stamp as ISO has it, with a T; other text as it is. */
export function isoText(text: string): string {
  return storedStamp.test(text) ? `${text.slice(0, 10)}T${text.slice(11)}` : text;
}

/** `Mon, 15 Jan 2024 10:30:00 GMT`, as some masters write a time, as it was stored; undefined for any other text. */
export function fromHttpDate(text: string): string | undefined {
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}.000000`;
}
