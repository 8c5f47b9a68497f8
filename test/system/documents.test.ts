// The documents of an app on a booted system: its timer's service ships them in its sandbox, and what it finds out is heard
// on a phone.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { MachineReader } from '../support/machine/machine-reader.ts';
import { database, Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
const config = '/etc/holdfast/holdfast.toml';
const documents = '/srv/days';
const unit = 'db-export-json@ctv.service';
const nothing = { ntfy: [], slack: [] };
let pi: Pi;
let reader: MachineReader;

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
    await pi.writeConfiguration(config);
    reader = await MachineReader.make(pi.machine);
    await change(
      "CREATE TABLE day (date TEXT PRIMARY KEY, note TEXT); INSERT INTO day VALUES ('2026-11-26', 'rain'), ('2026-11-27', '')",
    );
    await pi.machine.ok(`install -d -o flaskapp -g ctvapps -m 2770 ${documents}`);
    const settings = `
[apps.ctv.export]
directory = "${documents}"
days = "SELECT date FROM day"
tables = { day = "date" }
[apps.ctv.export.ship]
${reader.settings}`;
    pi.machine.write(config, pi.machine.read(config).replace(/^\[alerts\]/m, `${settings}[alerts]`));
    await pi.put();
  }, 300_000);
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await reader.open();
    await pi.clear();
  });

  test('as docs/operations.md sets it up, the service ships in its sandbox; a reader that is away is a queue', async () => {
    await reader.open();
    expect(await pi.machine.ok('db-export-json run --ship --dry-run')).toContain('would be');
    const said = await pi.installUnits();
    expect(said).toContain('/etc/holdfast/ship-key');
    expect(said).toMatch(/02:3\d:\d\d UTC .*db-export-json@ctv\.timer/);
    await pi.startWell(unit);
    expect(await reader.differences(documents)).toBe('');
    expect(await pi.machine.ok("stat --format='%U %a' /srv/arrived/2026-11-26.json")).toMatch(/^reports /);
    await reader.close();
    await change("UPDATE day SET note = 'later' WHERE date = '2026-11-27'");
    await pi.startWell(unit);
    expect(await pi.silence()).toEqual(nothing);
    expect(await reader.differences(documents)).toContain('later');
    expect(await pi.machine.ok('db-export-json status')).toMatch(/1 wait since .*2026-11-27\.json/);
    await reader.open();
    await pi.startWell(unit);
    expect(await reader.differences(documents)).toBe('');
  });

  test('what the reader has to mend is heard, with commands that work here as they are typed', async () => {
    reader.allow('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJunkJunkJunkJunkJunkJunkJunkJunkJunkJunkJun');
    await change("UPDATE day SET note = 'refused' WHERE date = '2026-11-27'");
    expect(await pi.startIll(unit)).toBe('1');
    const [told = ''] = await expectTold(
      /^pi: db-export-json of ctv has bad news\n/,
      'the reader refuses our key',
    );
    const [, publicHalf = ''] = /authorized_keys there, .*: (ssh-keygen .*)/.exec(told) ?? [];
    expect(await pi.machine.ok(publicHalf)).toMatch(/^ssh-ed25519 AAAA/);
    const [, journal = ''] = /Next: (journalctl .*)/.exec(told) ?? [];
    expect(await pi.machine.ok(journal)).toContain('NOT SHIPPED: 1 document');
    reader.allow(await pi.machine.ok(publicHalf));
    await pi.machine.ok('mv /srv/arrived /srv/unmounted');
    expect(await pi.startIll(unit)).toBe('1');
    await pi.machine.ok('mv /srv/unmounted /srv/arrived');
    await pi.startWell(unit);
    await expectTold(/^pi: db-export-json of ctv is well again\nFrom /);
    expect(await reader.differences(documents)).toBe('');
  });

  test('a frozen day that differs at night is heard, with the command that shows how, and so is its end', async () => {
    await pi.machine.ok('db-export-json freeze 2026-11-26 --reason "sent to the city"');
    await change("UPDATE day SET note = 'flood' WHERE date = '2026-11-26'");
    expect(await pi.startIll(unit)).toBe('1');
    const [told = ''] = await expectTold(
      /^pi: db-export-json of ctv has bad news/,
      '2026-11-26.json is frozen, and the database has changed since',
    );
    const [, check = ''] = /Hint: (.*) shows what differs/.exec(told) ?? [];
    expect(check).toMatch(/^db-export-json check /);
    expect(await pi.machine.sh(check)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/2026-11-26\.json \(frozen\)\n.*"rain", the database "flood"/) as string,
    });
    // What the check by hand found is news as well, and over with the same run.
    await expectTold(/^pi: db-export-json-check of ctv has bad news\n/);
    await change("UPDATE day SET note = 'rain' WHERE date = '2026-11-26'");
    await pi.startWell(unit);
    await expectTold(/^pi: db-export-json of ctv is well again, db-export-json-check of ctv is well again\n/);
  });
});

/** What was heard, once through each channel: it begins so, and holds these words. */
async function expectTold(how: RegExp, ...words: string[]): Promise<string[]> {
  const { ntfy, slack } = await pi.news();
  for (const messages of [ntfy, slack]) {
    expect(messages).toEqual([expect.stringMatching(how)]);
    for (const word of words) expect(messages[0]).toContain(word);
  }
  return ntfy;
}

/** As the app does. */
async function change(sql: string): Promise<void> {
  pi.machine.write('/srv/change.sql', `${sql};\n`);
  await pi.machine.ok(`su -s /bin/sh flaskapp -c 'umask 7; sqlite3 ${database} < /srv/change.sql'`);
}
