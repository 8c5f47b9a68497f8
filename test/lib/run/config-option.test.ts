import { expect, test } from 'vitest';
import { configOption } from '../../../lib/run/config-option.ts';

test.each([
  [undefined, undefined, ''],
  ['/srv/pi.toml', undefined, ' --config /srv/pi.toml'],
  ["/srv/my pi/it's.toml", undefined, " --config '/srv/my pi/it'\\''s.toml'"],
  [undefined, '/opt/spotops/.env', ' --env-file /opt/spotops/.env'],
  ['/srv/pi.toml', '/srv/a b', " --config /srv/pi.toml --env-file '/srv/a b'"],
])('named by %j and %j it is %j', (config, envFile, option) =>
  expect(configOption({ named: { config, envFile } })).toBe(option),
);
