// What can be wrong in the settings of what health checks look at: each in words, with its place, and without a secret.
import { expect, test } from 'vitest';
import { OpsError } from '../../../../lib/base/errors.ts';
import { parseConfigFile } from '../../../../lib/config/parse.ts';
import { httpConfig } from '../../../../lib/config/sections/health-http.ts';

const app = '[apps.ctv]\ndatabase = "/srv/ctv.db"\n';

function problem(toml: string): string {
  try {
    parseConfigFile(`${app}${toml}`, 'holdfast.toml');
  } catch (error) {
    if (error instanceof OpsError) return error.message;
    throw error;
  }
  return '';
}

const endpoint = (keys: string) => `[health.http.endpoints.web]\n${keys}\n`;
const url = 'url = "https://127.0.0.1/health?token=geheim"';
const sql = (keys: string) => `[health.sql.assertions.a]\napp = "ctv"\nquery = "SELECT 1"\n${keys}\n`;
const fresh = (keys: string) => `[health.freshness.things.a]\n${keys}\n`;

test.each<[toml: string, message: string]>([
  [endpoint(''), 'health.http.endpoints.web.url: is missing'],
  [endpoint('url = "ftp://geheim"'), 'url: must be an address such as'],
  [endpoint('url = "http://geheim:x@host/"'), 'url: must not hold a user name or password'],
  [endpoint('url = "no address geheim"'), 'url: must be an address such as'],
  [endpoint('url = "http://host/?geheim\\u0007"'), 'url: must not hold control characters'],
  [endpoint(`${url}\nstatus = 99`), 'status: must be a status such as 200'],
  [endpoint(`${url}\nstatus = []`), 'status'],
  [endpoint(`${url}\nstatus = "200"`), 'status'],
  [endpoint(`${url}\nfingerprint = "ab:cd"`), 'fingerprint: must be the SHA-256 fingerprint'],
  [
    endpoint(`url = "http://h/"\nfingerprint = "${'a'.repeat(64)}"`),
    'fingerprint: is for an address that begins with https:',
  ],
  [endpoint(`${url}\njson = { a = [1] }`), 'json'],
  [endpoint(`${url}\ntimeout_seconds = 31`), 'timeout_seconds: must be at most 30'],
  [endpoint(`${url}\ntimeout = 3`), 'timeout: unknown key'],
  [`[health.http.endpoints."a b"]\n${url}\n`, 'must be a name of letters'],
  [sql(''), 'needs expect, min or max'],
  [sql('expect = 1\nmin = 1'), 'has expect, which leaves no room for min or max'],
  [sql('min = 2\nmax = 1'), 'has a min that is more than its max'],
  [sql('expect = 2026-11-28'), 'expect: must be a text, a number, true or false'],
  [sql('expect = [1]'), 'expect'],
  [sql('expect = 1\nseverity = "bad"'), 'severity'],
  [sql('expect = 1\ntimeout_seconds = 0'), 'timeout_seconds: must be more than 0'],
  [fresh(''), 'needs either path or unit'],
  [fresh('path = "/a"\nunit = "a.service"'), 'needs either path or unit'],
  [fresh('path = "relative"'), 'path: must be an absolute path'],
  [fresh('unit = "a; rm"'), 'unit: must be a unit such as'],
  [fresh('unit = "a.service"\nmin_size = "1 MB"'), 'has suffix or min_size, which are for a path'],
  [fresh('path = "/a"\nsuffix = "*.db"'), 'suffix: must be the end of a name'],
  [fresh('path = "/a"\nwarn = "soon"'), 'warn: must be a time such as'],
  [fresh('path = "/a"\nmin_size = "much"'), 'min_size: must be a size such as'],
  ['[health.certificate]\nfiles = ["own.pem"]\n', 'health.certificate.files.0: must be an absolute path'],
  ['[health.database]\ncheck_every = "often"\n', 'health.database.check_every: must be a time such as'],
  ['[health.database]\ncheck_seconds = -1\n', 'health.database.check_seconds: must not be negative'],
  ['[health.wal]\nfree_percent = 101\n', 'health.wal.free_percent: must be at most 100'],
])('%s', (toml, message) => {
  const found = problem(toml);
  expect(found).toContain(message);
  expect(found).not.toContain('geheim');
});

test('tables in tables and dotted names are the same place in a document', () => {
  const text = `${app}${endpoint(`${url}\njson = { ok = true, db.state = "up", "queue.length" = 0 }`)}`;
  const health = parseConfigFile(text, 'holdfast.toml').health as Record<string, unknown> | undefined;
  expect(httpConfig(health?.http as Parameters<typeof httpConfig>[0])[0]?.json).toEqual([
    { path: ['ok'], value: true },
    { path: ['db', 'state'], value: 'up' },
    { path: ['queue', 'length'], value: 0 },
  ]);
});
