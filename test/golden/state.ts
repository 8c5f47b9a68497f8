// Notes of the state directory, owner files, and what the installer remembers.
import { chmod, cp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config, GuardedApp } from '../../lib/config/config.ts';
import { keepSettings, readLastGood } from '../../lib/config/last-good.ts';
import { readSecret } from '../../lib/config/secrets.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { silentLog } from '../../lib/base/log.ts';
import { formatExportState, parseExportState } from '../../lib/export/export-state.ts';
import { formatFrozen, parseFrozen } from '../../lib/export/frozen.ts';
import { formatParity, parseParity } from '../../lib/export/parity.ts';
import { formatPhases, parsePhases } from '../../lib/export/phases.ts';
import { formatShipState, parseShipState } from '../../lib/export/ship-state.ts';
import { formatScratchOwner, parseScratchOwner } from '../../lib/files/scratch-owner.ts';
import { type OwnerRecord, readOwner, writeOwner } from '../../lib/lock/owner.ts';
import { hasRestoringNote, writeRestoringNote } from '../../jobs/steps/restoring-note.ts';
import type { JobContext } from '../../lib/run/context.ts';
import { knownStore } from '../../lib/run/known-store.ts';
import { configuredStore } from '../../lib/run/open-store.ts';
import {
  formatPromotion,
  formatWarmCopy,
  parsePromotion,
  parseWarmCopy,
} from '../../lib/placement/warm-copy-record.ts';
import { createUploadNotes } from '../../lib/store/dropbox/upload-notes.ts';
import { type InstallRecord, readRecord, recordPath } from '../../lib/probe/install-record.ts';
import { writeRecord } from '../../units/install/record.ts';
import { scratch } from '../support/scratch.ts';
import { least } from './manifests.ts';
import { at, type Golden, type Goldens, pi, runId, text } from './golden.ts';

const clock = { now: () => at, monotonicMs: () => 0 };
const ctv = { name: 'ctv' } as GuardedApp;
const upload = {
  contentHash: 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73',
  sizeBytes: 1400000000,
};
const shippedSha256 = '3b359b3c636d839b9e13eddbe72e2d4a7e418916b8fae40941ad6dd3c0404330';
const replacedSha256 = 'bf7ec213650b7513efb38b0022aef9a7bb24110c208bbb574c52766385c6dd94';
const uploadPath = '/backups/ctv/ctv-20261120T020513Z.db';
const ctvFiles = {
  '/etc/systemd/system/db-backup@ctv.service.d/50-holdfast.conf':
    'bf7ec213650b7513efb38b0022aef9a7bb24110c208bbb574c52766385c6dd94',
};

const settings = {
  time_zone: 'Europe/Berlin',
  alerts: {
    quiet: '22:00-07:00',
    ntfy: { topic_file: '/etc/holdfast/credentials/ntfy-topic' },
    ping: { url_file: '/etc/holdfast/credentials/ping-url', jobs: ['db-backup'] },
  },
  apps: { ctv: { database: '/srv/app/app.db' }, shop: {} },
};

const damaged = (cause: string) => new OpsError('damaged', cause);

export const state: Goldens = {
  'state/standby/ctv/note.json': text(
    parseWarmCopy,
    {
      app: 'ctv',
      file: 'production.db.standby-20261120T020513Z-2',
      store: 'Dropbox',
      pulledAt: new Date('2026-11-20T03:05:13.250Z'),
      manifest: least,
    },
    formatWarmCopy,
  ),
  'state/promoted/ctv/note.json': text(
    parsePromotion,
    {
      app: 'ctv',
      state: 'placing' as const,
      at,
      backup: least.backup,
      placed: {
        device: 64_512n,
        inode: 9_007_199_254_740_993n,
        sizeBytes: 4_096_000n,
        modifiedNs: 1_763_604_313_250_000_001n,
      },
    },
    formatPromotion,
  ),
  'state/alerts/settings.json': {
    async read(path) {
      const directory = scratch();
      const kept = join(directory, 'alerts/settings.json');
      await cp(path, kept);
      await chmod(kept, 0o600);
      const named = { config: '/srv/pi.toml', envFile: undefined };
      const { file, ...found } = readLastGood({ HOLDFAST_STATE: directory }, named) ?? {};
      return { ...found, apps: Object.keys(file?.apps ?? {}) };
    },
    value: {
      source: '/srv/pi.toml',
      named: { config: '/srv/pi.toml', envFile: undefined },
      readAt: at,
      settings,
      apps: ['ctv', 'shop'],
    },
    async format(found: Pick<Config, 'source' | 'named'>) {
      const directory = scratch();
      const alerts = {} as Config['alerts'];
      const config = { ...found, alerts, kept: settings, stateDirectory: directory };
      await keepSettings(config, at);
      return readFile(join(directory, 'alerts/settings.json'), 'utf8');
    },
  },
  'state/restoring/ctv/note.json': {
    read: (path) => hasRestoringNote(contextIn(dirname(dirname(dirname(path)))), ctv),
    value: true,
    async format() {
      const directory = scratch();
      await writeRestoringNote(contextIn(directory), ctv);
      return readFile(join(directory, 'restoring/ctv/note.json'), 'utf8');
    },
  },
  [`state/uploads/${upload.contentHash}.json`]: {
    async read(path) {
      const directory = scratch();
      await cp(path, join(directory, basename(path)));
      return createUploadNotes(directory, clock, silentLog).find(upload, uploadPath);
    },
    value: 'pid_upload_session:AAAAAAAAAAAAAAAAAAAAAA',
    async format(sessionId: string) {
      const directory = scratch();
      await createUploadNotes(directory, clock, silentLog).remember(upload, uploadPath, sessionId);
      return readFile(join(directory, `${upload.contentHash}.json`), 'utf8');
    },
  },
  'state/stores/83ccdb90c84c9a72.json': { read: openForgotten, value: 'unavailable' },
  'state/stores/9c5489530ef2af69.json': {
    async read(path) {
      const stateDirectory = scratch();
      await cp(path, join(stateDirectory, 'stores', basename(path)));
      return knownStore(stateDirectory, 'Dropbox /pi');
    },
    value: { path: 'Dropbox /pi', id: '0f1e2d3c4b5a69788796a5b4c3d2e1f0' },
  },
  'state/export/tagtracker.documents.json': text(
    (content) => parseExportState(content, damaged),
    new Map([
      [
        'bike_rack_2026-11-19.json',
        {
          sha256: shippedSha256,
          sizeBytes: 31_337,
          modifiedNs: '1795140313000000001',
          inode: '4711',
          source: replacedSha256,
        },
      ],
      [
        'schema.sql',
        {
          sha256: replacedSha256,
          sizeBytes: 210,
          modifiedNs: '1795140313000000002',
          inode: '4712',
          source: undefined,
        },
      ],
    ]),
    formatExportState,
  ),
  'state/export/tagtracker.frozen.json': text(
    (content) => parseFrozen(content, damaged),
    new Map([
      ['2026-11-18', { since: at, reason: 'sent to the city' }],
      ['2026-11-19', { since: at, reason: undefined }],
    ]),
    formatFrozen,
  ),
  'state/export/tagtracker.phases.json': text(
    (content) => parsePhases(content, damaged),
    [
      { phase: 'json', from: undefined, since: undefined, reason: undefined },
      { phase: 'both', from: '2026-11-01', since: at, reason: 'the app writes both' },
      { phase: 'database', from: '2026-11-20', since: at, reason: undefined },
    ],
    formatPhases,
  ),
  'state/export/tagtracker.parity.json': text(
    (content) => parseParity(content, damaged),
    { since: new Date('2026-11-13T02:35:00Z'), seen: at },
    formatParity,
  ),
  'state/export/tagtracker.shipped.json': text(
    (content) => parseShipState(content, damaged),
    {
      to: 'tt@reports:/srv/days',
      lookedAt: at,
      documents: new Map([
        ['2026-11-18.json', { shipped: { sha256: shippedSha256, at }, pendingSince: undefined }],
        ['2026-11-19.json', { shipped: { sha256: replacedSha256, at }, pendingSince: at }],
        ['2026-11-20.json', { shipped: undefined, pendingSince: at }],
      ]),
    },
    formatShipState,
  ),
  'state/secrets/dropbox-refresh-token': {
    async read(path) {
      const file = join(scratch(), 'token');
      await cp(path, file);
      await chmod(file, 0o600);
      return readSecret({ environment: {}, credential: 'none', file, variable: 'NONE' });
    },
    value: 'example-refresh-token',
  },
  'state/scratch/.holdfast-5d1b0d4e-4711-123456-00112233445566ff/owner.json': text(
    (content, path) => parseScratchOwner(basename(dirname(path)), content),
    pi,
    (owner) => formatScratchOwner(owner ?? pi, at),
  ),
  'run/locks/ctv.owner.json': lockOwner({
    owner: { ...pi, purpose: 'db-backup run', runId, since: at },
    alive: true, // as far as another machine can tell
  }),
  'run/locks/in-a-container.owner.json': lockOwner({
    owner: {
      ...{ host: 'box', machine: '', bootId: '', pidNamespace: '', pid: 7, startTicks: 0 },
      purpose: 'restore run',
      runId: 'r-1',
      since: at,
    },
    alive: true,
  }),
  'installed/current/etc/holdfast/installed.json': installed({
    version: 1,
    shared: {
      '/etc/tmpfiles.d/holdfast.conf': '3b359b3c636d839b9e13eddbe72e2d4a7e418916b8fae40941ad6dd3c0404330',
    },
    apps: {
      ctv: { files: ctvFiles, environmentFile: '/etc/ctv.env', user: 'ctv' },
      shop: {
        files: {
          '/etc/systemd/system/db-backup@shop.service.d/50-holdfast.conf':
            '8d9001d32c6a703d95921a77115050f33dd823d3f1730bd35215dcbecad6dc20',
        },
        environmentFile: undefined,
        configFile: '/etc/holdfast/holdfast.toml',
        user: 'root',
      },
    },
  }),
  'installed/of-an-older-installer/etc/holdfast/installed.json': installed({
    version: 1,
    shared: {},
    apps: { ctv: { files: ctvFiles, environmentFile: '/etc/ctv.env' } },
  }),
};

/** Opens the store that the note is about: a directory that was one and is gone is not made anew. */
async function openForgotten(notePath: string): Promise<unknown> {
  const stateDirectory = scratch();
  await cp(notePath, join(stateDirectory, 'stores', basename(notePath)));
  const { path } = JSON.parse(await readFile(notePath, 'utf8')) as { path: string };
  const config = { store: { kind: 'directory', path }, stateDirectory } as Config;
  return configuredStore(config, {
    purpose: 'store',
    leavesTraces: false,
    clock,
    log: silentLog,
    signal: new AbortController().signal,
    wait: async () => undefined,
  })
    .open()
    .catch((error: unknown) => (error as OpsError).kind);
}

function contextIn(stateDirectory: string): JobContext {
  return { config: { stateDirectory }, clock } as JobContext;
}

function lockOwner(value: OwnerRecord): Golden {
  const name = (path: string) => basename(path, '.owner.json');
  return {
    read: (path) => readOwner(dirname(path), name(path)),
    value,
    format: ({ owner }: OwnerRecord) => writeOwner(scratch(), 'any', owner),
  };
}

function installed(value: InstallRecord): Golden {
  return {
    read: (path) => readRecord(path.slice(0, -recordPath.length)),
    value,
    async format(record: InstallRecord) {
      const root = scratch();
      writeRecord(root, record);
      return readFile(join(root, recordPath), 'utf8');
    },
  };
}
