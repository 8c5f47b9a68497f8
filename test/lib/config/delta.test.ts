import { describe, expect, test } from 'vitest';
import { fileApps } from '../../../lib/config/config.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { scratch } from '../../support/scratch.ts';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';

function load(delta: string) {
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, `[apps.tagtracker]\ndatabase = "/a.db"\n[apps.tagtracker.delta]\n${delta}\n`);
  return fileApps(loadConfig({ path, environment: {} }))[0]?.delta;
}

const digits = 'ab'.repeat(32);

describe('where the changes of an app go', () => {
  test('is complete with an address alone', () => {
    expect(load('to = "https://reports.example:8790"')).toMatchObject({
      to: new URL('https://reports.example:8790'),
      source: 'tagtracker',
      pin: undefined,
      tables: undefined,
      without: [],
      capture: 'triggers',
      everyMs: 60_000,
    });
  });

  test.each([
    [`sha256:${digits}`],
    [`SHA256:${digits.toUpperCase()}`],
    [digits.match(/../g)?.join(':') ?? ''],
  ])('knows a pin as %s', (pin) => {
    expect(load(`to = "https://b"\npin = "${pin}"`)?.pin).toBe(digits);
  });

  test.each([
    ['to = "reports.example"', /apps\.tagtracker\.delta\.to: must be an address/],
    ['to = "ftp://b"', /must begin with https/],
    ['to = "https://me:secret@b"', /must not hold a user or a password/],
    ['to = "https://b?x=1"', /behind its path/],
    ['to = "https://b"\npin = "sha256:12"', /pin: must be "sha256:"/],
    [`to = "http://b"\npin = "${digits}"`, /pin: needs an address that begins with https/],
    ['to = "https://b"\nsource = "../x"', /source: must have letters/],
    ['to = "https://b"\ntables = ["a"]\nwithout = ["a"]', /without: has a, which tables has as well/],
    ['to = "https://b"\ncapture = "magic"', /capture/],
    ['to = "https://b"\nkey = "hfd_secret"', /key: unknown key/],
  ])('refuses %s', (delta, message) => {
    expect(() => load(delta)).toThrow(message);
    expect(() => load(delta)).not.toThrow(/hfd_secret|me:secret/);
  });
});
