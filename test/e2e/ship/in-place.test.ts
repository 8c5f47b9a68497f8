// Documents at a reader over a real ssh or rsync daemon: whole, all of them, and seen there.
import { lstatSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingForReaders, TestReader } from '../../support/reader.ts';
import { ShipWorld } from '../../support/ship-world.ts';

const missing = missingForReaders();
const ways: [string, () => Promise<TestReader>][] = [
  ['ssh', () => TestReader.ssh()],
  ['a daemon', () => TestReader.daemon()],
];

describe.skipIf(missing.length > 0)(
  `over ssh and a daemon (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    test.each(ways)('%s: a season arrives, and later only what has changed', async (_, start) => {
      await using reader = await start();
      await using world = new ShipWorld(reader, { days: 300 });
      const planned = await world.ship(['--dry-run']);
      expect(planned.shipment.sent).toHaveLength(300);
      expect(reader.visible()).toEqual({});
      const first = await world.ship();
      expect(first).toMatchObject({ exitCode: 0, shipment: { state: 'shipped', pending: [] } });
      expect(first.shipment.sent).toHaveLength(300);
      expect(reader.visible()).toEqual(world.written());
      const name = '2026-01-05.json';
      expect(Math.floor(statSync(join(reader.directory, name)).mtimeMs)).toBe(
        Math.floor(statSync(join(world.documents, name)).mtimeMs),
      );
      // Nothing to do: nobody is asked.
      const { connections } = reader;
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped', sent: [] } });
      expect(reader.connections).toBe(connections);
      world.change("UPDATE day SET text = 'other' WHERE date = '2026-01-05'");
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped', sent: [name] } });
      expect(reader.visible()).toEqual(world.written());
      expect(readdirSync(reader.directory).filter((one) => one.startsWith('.'))).toEqual([]);
    });

    test('through rrsync, which lets our key write there and do nothing else', async () => {
      await using reader = await TestReader.ssh();
      reader.allow(`rrsync -wo "${reader.directory}"`);
      await using world = new ShipWorld(reader, {
        keys: { to: String(reader.keys.to).replace(reader.directory, '/') },
      });
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
      expect(reader.visible()).toEqual(world.written());
    });

    test('what is altered or gone there is found by the daily look, told, and sent again; nothing foreign is touched', async () => {
      await using reader = await TestReader.daemon();
      await using world = new ShipWorld(reader);
      await world.ship();
      const at = (name: string) => join(reader.directory, name);
      const { mtime } = statSync(at('2026-01-02.json'));
      writeFileSync(at('2026-01-02.json'), reader.visible()['2026-01-02.json']?.replace(/[0-9]/, 'x') ?? '');
      expect(mtime).toBeTruthy();
      rmSync(at('2026-01-03.json'));
      writeFileSync(at('of-somebody-else.json'), 'theirs');
      writeFileSync(join(world.documents, 'foreign.json'), 'not ours');
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { sent: [] } });
      const altered = ['2026-01-02.json', '2026-01-03.json'];
      expect(await world.ship(['--look'])).toMatchObject({
        exitCode: 1,
        shipment: { state: 'shipped', altered, sent: altered },
        findings: [{ severity: 'warning', message: expect.stringMatching(/sent again/) as string }],
      });
      const { 'foreign.json': foreign, ...ours } = world.written();
      expect(foreign).toBe('not ours');
      expect(reader.visible()).toEqual({ ...ours, 'of-somebody-else.json': 'theirs' });
      rmSync(at('2026-01-03.json'));
      world.clock.advance(86_400_000);
      expect(await world.ship()).toMatchObject({ exitCode: 1, shipment: { altered: ['2026-01-03.json'] } });
      expect(await world.ship()).toMatchObject({ exitCode: 0, findings: [] });
    });

    test('what the state says is no proof: lost, or of another reader, everything is looked at, and nothing sent twice', async () => {
      await using reader = await TestReader.daemon();
      await using world = new ShipWorld(reader);
      await world.ship();
      const state = join(world.state, 'export/bookings.shipped.json');
      for (const text of ['', '{}', undefined]) {
        if (text === undefined) rmSync(state);
        else writeFileSync(state, text);
        const { connections } = reader;
        expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped', sent: [] } });
        expect(reader.connections).toBe(connections + 1);
      }
      await using another = await TestReader.daemon();
      world.settle(another.keys);
      const moved = await world.ship();
      expect(moved.shipment.sent).toHaveLength(3);
      expect(another.visible()).toEqual(world.written());
    });

    test('a frozen day is shipped as it was frozen, and never altered there', async () => {
      await using reader = await TestReader.daemon();
      await using world = new ShipWorld(reader);
      await world.run('db-export-json', []);
      await world.run('db-export-json', ['freeze', '2026-01-02']);
      world.change("UPDATE day SET text = 'later'");
      const frozen = world.written()['2026-01-02.json'];
      // Held before it was ever shipped: its bytes are the document.
      expect(await world.ship()).toMatchObject({ exitCode: 1, shipment: { state: 'shipped', kept: [] } });
      expect(reader.visible()['2026-01-02.json']).toBe(frozen);
      // Somebody writes over it here: the reader keeps what it has, whatever is known.
      writeFileSync(join(world.documents, '2026-01-02.json'), '{}');
      for (const forget of [false, true]) {
        if (forget) rmSync(join(world.state, 'export/bookings.shipped.json'));
        expect(await world.ship()).toMatchObject({
          exitCode: 1,
          shipment: { state: 'shipped', kept: ['2026-01-02.json'], sent: [] },
        });
        expect(reader.visible()['2026-01-02.json']).toBe(frozen);
      }
      // Brought back here, and altered there: it is sent again.
      writeFileSync(join(world.documents, '2026-01-02.json'), frozen ?? '');
      await world.ship(['--look']);
      writeFileSync(join(reader.directory, '2026-01-02.json'), 'altered');
      expect(await world.ship(['--look'])).toMatchObject({
        shipment: { altered: ['2026-01-02.json'], kept: [] },
      });
      expect(reader.visible()['2026-01-02.json']).toBe(frozen);
    });

    test('names that are options, comments and patterns elsewhere are names', async () => {
      await using reader = await TestReader.ssh();
      await using world = new ShipWorld(reader);
      const tables = [
        '-e',
        '#x',
        ';y',
        '*',
        'a b',
        'ü',
        "it's",
        'b\\#101',
        'list',
        'owner',
        'ssh.conf',
        '$(id)',
        '~',
      ];
      for (const table of tables)
        world.change(
          `CREATE TABLE "${table}" (x); INSERT INTO "${table}" VALUES ('${table.replaceAll("'", "''")}')`,
        );
      const keys = Object.entries(reader.keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
      world.configure({
        app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(world.documents)}\n[apps.bookings.export.ship]\n${keys.join('\n')}`,
      });
      const shipped = await world.ship();
      expect(shipped).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
      expect(shipped.shipment.sent).toHaveLength(tables.length + 2);
      expect(reader.visible()).toEqual(world.written());
    });

    test('what lies at the reader under the name of a document is replaced, and never written through', async () => {
      await using reader = await TestReader.ssh();
      await using world = new ShipWorld(reader);
      const elsewhere = join(reader.home, 'elsewhere');
      writeFileSync(elsewhere, 'theirs');
      symlinkSync(elsewhere, join(reader.directory, '2026-01-01.json'));
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
      expect(lstatSync(join(reader.directory, '2026-01-01.json')).isFile()).toBe(true);
      expect(reader.visible()).toMatchObject(world.written());
    });
  },
);
