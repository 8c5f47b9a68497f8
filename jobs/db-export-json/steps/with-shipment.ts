// An export, and after it the shipping of what it wrote, where that is asked for.
import { OpsError } from '../../../lib/base/errors.ts';
import type { OfferedDocument } from '../../../lib/export/shipment.ts';
import type { ExportState } from '../../../lib/export/export-state.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { type Prepared, prepareShipment, type Shipment, shipPrepared } from './ship.ts';
import { hashLying } from './stage-documents.ts';

/** What the command was told of it. */
export interface ShipOptions {
  ship: boolean;
  /** Look at all documents at the reader, also where that is not due. */
  look: boolean;
  dryRun: boolean;
}

/** What an export has left in its directory, in order. */
interface Written {
  directory: HeldDirectory;
  names: readonly string[];
  state: ExportState;
  /** Frozen, and not what the database says. */
  held: readonly string[];
  /** Written by the app itself: they are what they are, whatever the database says. */
  ofApp: readonly string[];
  /** In a dry run, what would have been written. */
  unwritten: readonly string[];
}

/** Does something with what was written, while nobody else writes. */
export type WhenWritten = (written: Written) => Promise<void>;

/** Throws OpsError `usage` for `--look` alone, and `config` where none of the apps has a reader. */
export function requireReader(
  apps: readonly ExportedApp[],
  { ship, look }: Omit<ShipOptions, 'dryRun'>,
): void {
  const [app] = apps;
  if (!ship && look)
    throw new OpsError('usage', 'cannot look at the reader: nothing is shipped without --ship', {
      hint: 'db-export-json run --ship --look',
    });
  if (!ship || app === undefined || apps.some(({ export: { ship: reader } }) => reader !== undefined)) return;
  throw new OpsError('config', `cannot ship documents of ${app.name}: no reader is configured`, {
    hint: `write to = "user@host:/path" and host_key = "ssh-ed25519 …" in [apps.${app.name}.export.ship]; docs/configuration.md has every key`,
  });
}

/**
 * Does `exportDocuments`, and ships. One run at a time does both, while an export alone, or a freeze, need not wait for a
 * slow reader: what travels was copied before.
 */
export async function withShipment<Exported>(
  context: JobContext,
  app: ExportedApp,
  { ship: isAsked, look, dryRun }: ShipOptions,
  exportDocuments: (whenWritten: WhenWritten) => Promise<Exported>,
): Promise<Exported & { shipment: Shipment | undefined }> {
  const { ship } = app.export;
  if (!isAsked || ship === undefined)
    return { ...(await exportDocuments(async () => undefined)), shipment: undefined };
  await using lock = dryRun
    ? undefined
    : await context.lock({ name: app.name, scope: 'ship' }, 'db-export-json run --ship');
  void lock;
  await using scratch = await context.scratch();
  let prepared: Prepared | undefined;
  let unwritten: readonly string[] = [];
  const exported = await exportDocuments(async (written) => {
    const offered = await offeredDocuments(context, written);
    const { directory } = written;
    unwritten = written.unwritten;
    prepared = await prepareShipment(context, app, {
      ship,
      scratch: scratch.directory,
      offered,
      directory,
      full: look,
    });
  });
  const shipment = prepared && (await shipPrepared(context, app, prepared, { dryRun }));
  const sent = [...unwritten, ...(shipment?.sent ?? [])].sort();
  return { ...exported, shipment: shipment && { ...shipment, sent } };
}

async function offeredDocuments(
  context: JobContext,
  { directory, names, state, held, ofApp }: Written,
): Promise<OfferedDocument[]> {
  const offered: OfferedDocument[] = [];
  for (const name of names) {
    const isHeld = held.includes(name);
    const isUnproven = isHeld || ofApp.includes(name);
    const sha256 = isUnproven ? await hashLying(context, directory, name) : state.get(name)?.sha256;
    if (sha256 !== undefined) offered.push({ name, sha256, isHeld, isUnproven });
  }
  return offered;
}
