// How the values of charts are written.
import { formatBytes, formatDuration } from '../base/format.ts';
import type { Measure } from './picture.ts';

export function formatMeasure(measure: Measure, value: number): string {
  switch (measure) {
    case 'bytes':
      return formatBytes(value);
    case 'duration':
      return formatDuration(value);
    case 'rate':
      return `${formatBytes(value)}/s`;
    case 'percent':
      return `${Math.round(value)} %`;
  }
}
