// What is known of the documents at the reader, without asking it.
import { formatCount, formatInstant } from '../../../lib/base/format.ts';
import { knownOf, pendingOf } from '../../../lib/export/shipment.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { readExportState, readShipState } from './export-notes.ts';

export interface ShipStatus {
  to: string;
  /** Seen in place, when they were last looked at. */
  inPlace: number;
  /** Never seen there, or written anew since. */
  pending: string[];
  /** Since when a run has known that something waits. */
  pendingSince: Date | undefined;
  /** When all documents were last looked at there. */
  lookedAt: Date | undefined;
}

/** Of the documents that the export has now; undefined where no reader is configured. */
export async function shipStatus(
  context: JobContext,
  app: ExportedApp,
  names: readonly string[],
): Promise<ShipStatus | undefined> {
  const { ship } = app.export;
  if (ship === undefined) return undefined;
  const known = knownOf(ship.to, await readShipState(context, app.name), context.clock.now());
  const written = await readExportState(context, app.name);
  const isInPlace = (name: string) => {
    const there = known.documents.get(name);
    const sha256 = written.get(name)?.sha256 ?? there?.shipped?.sha256;
    return (
      there?.shipped !== undefined && there.pendingSince === undefined && there.shipped.sha256 === sha256
    );
  };
  const pending = names.filter((name) => !isInPlace(name));
  return {
    to: ship.to,
    inPlace: names.length - pending.length,
    pending,
    pendingSince: pendingOf(known).since,
    lookedAt: known.lookedAt,
  };
}

export function shipStatusLines(status: ShipStatus | undefined): string[] {
  if (status === undefined) return [];
  const { to, inPlace, pending, pendingSince, lookedAt } = status;
  const since = pendingSince === undefined ? '' : ` since ${formatInstant(pendingSince)}`;
  const waiting = pending.length === 0 ? '' : `, ${pending.length} wait${since}: ${firstOf(pending)}`;
  const looked =
    lookedAt === undefined ? 'never looked at all of them' : `all looked at ${formatInstant(lookedAt)}`;
  return [`  at ${to}: ${formatCount(inPlace, 'document')} in place${waiting}; ${looked}`];
}

function firstOf(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} …` : names.join(', ');
}
