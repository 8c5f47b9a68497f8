// The explorer in the configuration: nobody's unless asked for, and what would not work is refused where it is written.
import { expect, test } from 'vitest';
import { explorerConfig } from '../../../../lib/config/sections/explorer.ts';
import { parseConfigFile } from '../../../../lib/config/parse.ts';

const apps = '[apps.ctv]\ndatabase = "/srv/ctv.db"\n[apps.mirror]\n';
const parse = (explorer: string) => parseConfigFile(`${explorer}\n${apps}`, 'holdfast.toml').explorer;

test('is not there unless it is asked for, and needs nothing else then', () => {
  expect(explorerConfig(parse(''))).toBeUndefined();
  expect(explorerConfig(parse('[explorer]'))).toEqual({
    ...{ program: '/opt/datasette/venv/bin/datasette', port: 8001, baseUrl: '/', apps: [] },
    ...{ queryTimeoutMs: 3000, rowsMax: 1000 },
  });
  const wide =
    'port = 9000\nbase_url = "/see/history/"\napps = ["ctv"]\nquery_seconds = 300\nrows_max = 10000';
  expect(explorerConfig(parse(`[explorer]\n${wide}`))).toMatchObject({
    ...{ port: 9000, baseUrl: '/see/history/', apps: ['ctv'], queryTimeoutMs: 300_000, rowsMax: 10_000 },
  });
});

test.each([
  ['base_url = "explorer"', 'must begin and end with a slash'],
  ['base_url = "/explorer"', 'must begin and end with a slash'],
  ['base_url = "/a b/"', 'must begin and end with a slash'],
  // A proxy that takes the prefix off leaves /ops/runs, which would be taken for a path with it.
  ['base_url = "/ops/"', 'must not begin with /ops/, where the history is'],
  ['base_url = "/ctv/x/"\napps = ["ctv"]', 'must not begin with /ctv/, where the database of ctv is'],
  ['apps = ["shop"]', 'names "shop", which is no app with a SQLite database'],
  ['apps = ["mirror"]', 'names "mirror", which is no app with a SQLite database'],
  ['apps = ["Ops"]', 'must not be ops, which is the history'],
  ['port = 80', 'must be at least 1024'],
  ['port = 70000', 'must be at most 65535'],
  ['query_seconds = 0', 'must be at least 0.1'],
  ['query_seconds = 601', 'must be at most 600'],
  ['rows_max = 999', 'must be at least 1000'],
  ['rows_max = 100001', 'must be at most 100000'],
  ['program = "datasette"', 'must be an absolute path'],
  ['host = "0.0.0.0"', 'explorer.host: unknown key'],
])('refuses %j', (line, problem) => {
  let said = '';
  try {
    parse(`[explorer]\n${line}`);
  } catch (error) {
    said = JSON.stringify(error, ['message', 'lines']) + String(error);
  }
  expect(said).toContain('cannot use holdfast.toml');
  expect(said.replaceAll('\\"', '"')).toContain(problem);
});
