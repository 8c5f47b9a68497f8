// What a machine knows of the series that it goes on with, as it is kept. The format is a promise (docs/formats.md).
import type { KnownBase, SeriesState } from '../../backup/series.ts';
import { Fields, type Flaw } from '../../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../../record/json-record.ts';

const format: RecordFormat = { name: 'holdfast-series', version: 1, called: 'record of a series' };
const levelsMax = 9;
const pageSizeMax = 65_536;

export function formatSeries({ series, full, head, incrementBytes, bases }: SeriesState): string {
  return formatJsonRecord(
    format,
    {
      series,
      full: {
        name: full.name,
        id: full.id,
        taken_at: full.takenAt.toISOString(),
        stored_bytes: full.storedBytes,
      },
      head: { name: head.name, id: head.id, sequence: head.sequence },
      increment_bytes: incrementBytes,
      bases: bases.map(({ name, id, level, sequence, pageSize, pageCount }) => ({
        ...{ name, id, level, sequence },
        page_size: pageSize,
        page_count: pageCount,
      })),
    },
    2,
  );
}

/** Throws what `flaw` makes for anything else. */
export function parseSeries(text: string, flaw: Flaw): SeriesState {
  const { fields } = openJsonRecord(text, format, flaw);
  const [full, head] = [fields.object('full'), fields.object('head')];
  return {
    series: fields.identifier('series'),
    full: {
      ...{ name: full.text('name'), id: full.digest('id') },
      takenAt: full.instant('taken_at'),
      storedBytes: full.count('stored_bytes'),
    },
    head: { name: head.text('name'), id: head.digest('id'), sequence: head.count('sequence') },
    incrementBytes: fields.count('increment_bytes'),
    bases: fields.list('bases').map((item, index): KnownBase => {
      const base = new Fields(item, `bases[${index}].`, flaw);
      return {
        ...{ name: base.text('name'), id: base.digest('id') },
        level: base.integer('level', 0, levelsMax),
        sequence: base.count('sequence'),
        pageSize: base.integer('page_size', 1, pageSizeMax),
        pageCount: base.count('page_count'),
      };
    }),
  };
}
