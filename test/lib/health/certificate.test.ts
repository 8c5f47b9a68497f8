// How long certificates are good for.
import { expect, test } from 'vitest';
import { certificateCheck } from '../../../lib/health/certificate.ts';
import { judged, now } from './judged.ts';

const day = 86_400_000;
const at = (days: number, ms = 0) => new Date(now.getTime() + days * day + ms);

test.each([
  [at(-30), at(60), 'ok', /good for 60 days, until 2027-01-27/],
  [at(-30), at(14, 1000), 'ok', /14 days/],
  [at(-30), at(14), 'warning', /14 days/],
  [at(-30), at(4, 1000), 'warning', /4 days/],
  [at(-30), at(4), 'critical', /4 days/],
  [at(-30), at(1), 'critical', /1 day,/],
  [at(-30), at(0, 1000), 'critical', /less than a day/],
  [at(-30), at(0), 'critical', /ended on 2026-11-28 03:00:00Z/],
  [at(-30), at(-1), 'critical', /ended on 2026-11-27/],
  [at(1), at(60), 'critical', /not valid before 2026-11-29/],
  [at(0), at(60), 'ok', /60 days/],
])('from %o to %o: %s', (validFrom, validTo, verdict, message) =>
  expect(
    judged(certificateCheck, { name: 'example.org', validFrom, validTo, show: 'openssl x509' }),
  ).toMatchObject({ verdict, message: expect.stringMatching(message) as string }),
);
