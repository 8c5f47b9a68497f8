// A log that remembers what it was told, for tests that ask what an operator would have read.
import type { Log, LogFields } from '../../lib/base/log.ts';

export interface LogLine {
  level: keyof Log;
  message: string;
  fields: LogFields | undefined;
}

export function recordingLog(): Log & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: keyof Log) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
