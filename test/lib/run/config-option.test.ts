import { expect, test } from 'vitest';
import { configOption } from '../../../lib/run/config-option.ts';

test.each([
  ['/etc/holdfast/holdfast.toml', ''],
  ['the environment', ''],
  ['/srv/pi.toml', ' --config /srv/pi.toml'],
  ["/srv/my pi/it's.toml", " --config '/srv/my pi/it'\\''s.toml'"],
])('of %s it is %j', (source, option) => expect(configOption({ source })).toBe(option));
