// What the report says of row changes: of each app that sends them and each source that they come from, how it stands.
import { groupThousands } from '../base/format.ts';
import type { ReportFacts, RowChangeFacts } from './facts.ts';
import type { Section } from './document.ts';
import { ago, dateOf } from './words.ts';

/** None where no rows travel. */
export function rowSections({ rowChanges, at, timeZone }: ReportFacts): Section[] {
  if (rowChanges.sources.length === 0) return [];
  const { since, sources } = rowChanges;
  return [
    {
      heading: 'Row changes',
      blocks: [
        ...sources.flatMap(({ away, subject }, index) =>
          away === undefined || sources.findIndex((one) => one.subject === subject) !== index
            ? []
            : [
                {
                  kind: 'paragraph' as const,
                  text: `${subject} went away ${ago(away.since, at)}: ${away.problem}`,
                },
              ],
        ),
        {
          kind: 'table',
          table: {
            caption: `Since ${dateOf(since, timeZone)}; what is held or quarantined is so now`,
            columns: [
              { title: 'Way' },
              { title: 'Last sync', inWords: 'last sync', isShort: true },
              { title: 'Heard of', inWords: 'heard of', isShort: true },
              { title: 'Batches', inWords: 'batches', isShort: true },
              { title: 'Rows', inWords: 'rows', isShort: true },
              { title: 'Held', inWords: 'held for frozen days', isShort: true },
              { title: 'Quarantined', inWords: 'quarantined', isShort: true },
              { title: 'Conflicts', inWords: 'kept back since', isShort: true },
              { title: 'Not taken', inWords: 'batches not taken', isShort: true },
            ],
            rows: sources.map((source) => rowOf(source, at)),
          },
        },
      ],
    },
  ];
}

function rowOf(source: RowChangeFacts, at: Date): string[] {
  const { direction, subject, batches, rows, held, quarantined, keptBack, notTaken } = source;
  const when = (time: Date | undefined) => (time === undefined ? 'never' : ago(time, at));
  const way =
    direction === 'sent'
      ? `${subject} to its receiver as ${source.source}`
      : `${source.source} to ${subject}`;
  const counts = [batches, rows, held, quarantined, keptBack, notTaken];
  return [way, when(source.lastAt), when(source.heardAt), ...counts.map(groupThousands)];
}
