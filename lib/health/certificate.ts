// How long certificates are good for: those that endpoints show, and those in files.
import { formatInstant } from '../base/format.ts';
import type { Check } from './check.ts';
import type { OpsErrorFacts } from './facts.ts';
import { byLimits } from './limits.ts';

export type CertificateFacts =
  | {
      /** Of all that it is made of, the one that ends first. */
      readonly name: string;
      readonly validFrom: Date;
      readonly validTo: Date;
      /** The command that shows it. */
      readonly show: string;
    }
  | OpsErrorFacts;

const dayMs = 86_400_000;
/** By so much the clock of whoever made it may be ahead of ours. */
const skewMsMax = 5 * 60_000;

export const certificateCheck: Check<CertificateFacts> = {
  name: 'certificate',
  question: 'Are the certificates good for some time yet?',
  unit: 's',
  // Those of Let's Encrypt are renewed when they have 30 days left: with 14 that has failed for two weeks.
  limits: { warning: (14 * dayMs) / 1000, critical: (4 * dayMs) / 1000 },
  worse: 'below',
  everyMs: 60 * 60_000,
  needsClock: true,
  judge(facts, { limits, now, timeZone }) {
    if ('kind' in facts) return { verdict: 'unknown', message: facts.message, hint: facts.hint };
    const { name, validFrom, validTo, show } = facts;
    const hint = `renew it, and see it: ${show}`;
    const value = Math.floor((validTo.getTime() - now.getTime()) / 1000);
    if (validFrom.getTime() > now.getTime() + skewMsMax) {
      const message = `the certificate of ${name} is not valid before ${formatInstant(validFrom, timeZone)}`;
      return { verdict: 'critical', message, hint, value };
    }
    const on = formatInstant(validTo, timeZone);
    if (value <= 0)
      return { verdict: 'critical', message: `the certificate of ${name} ended on ${on}`, hint, value };
    const days = Math.floor((value * 1000) / dayMs);
    const left = days < 1 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`;
    const message = `the certificate of ${name} is good for ${left}, until ${on}`;
    return { verdict: byLimits(value, limits, 'below'), message, hint, value };
  },
};
