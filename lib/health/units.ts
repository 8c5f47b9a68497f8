// Whether the units that have to be there are: our own, those of the apps, those that somebody named; and whether any other
// has failed.
import { formatCount } from '../base/format.ts';
import { worst } from '../base/verdict.ts';
import type { Check, Judgement, Judging } from './check.ts';
import { byLimits } from './limits.ts';
import { judgeUnit, type UnitFacts } from './unit-facts.ts';

export type UnitsFacts =
  | { readonly kind: 'unit'; readonly unit: UnitFacts }
  /** Our own: when a job fails, it tells so itself as well. */
  | { readonly kind: 'ours'; readonly units: readonly UnitFacts[] }
  /** All that failed on the machine and is none of those. */
  | { readonly kind: 'others'; readonly failed: readonly string[] };

export const unitsCheck: Check<UnitsFacts> = {
  name: 'units',
  question: 'Do the services run that have to, and has none failed?',
  unit: 'count',
  limits: { warning: 1 },
  worse: 'above',
  judge(facts, view) {
    switch (facts.kind) {
      case 'unit':
        return judgeUnit(facts.unit, view);
      case 'ours':
        return judgeOurs(facts.units, view);
      case 'others':
        return judgeOthers(facts.failed, view);
    }
  },
};

function judgeOurs(units: readonly UnitFacts[], view: Judging): Judgement {
  const told = units.map((unit) => {
    const judgement = judgeUnit(unit, view, 'journalctl --namespace=holdfast');
    // A job that failed has told so itself.
    return {
      name: unit.name,
      ...judgement,
      ...(unit.active === 'failed' ? { verdict: 'warning' as const } : {}),
    };
  });
  const bad = told.filter(({ verdict }) => verdict !== 'ok');
  const verdict = worst(bad.map((one) => one.verdict));
  const first = bad.find((one) => one.verdict === verdict);
  if (first === undefined)
    return {
      verdict: 'ok',
      value: 0,
      message: `${formatCount(units.length, 'unit')} of Holdfast, all as they should be`,
    };
  const others = bad.filter((one) => one !== first).map(({ name }) => name);
  return {
    verdict,
    value: bad.length,
    message: `${first.name} ${first.message}${others.length === 0 ? '' : ` (and ${others.length} more: ${others.join(', ')})`}`,
    hint: first.hint,
  };
}

const namesMax = 5;

function judgeOthers(failed: readonly string[], { limits }: Judging): Judgement {
  const names = [...failed.slice(0, namesMax), ...(failed.length > namesMax ? ['…'] : [])].join(', ');
  const isOne = failed.length === 1;
  return {
    verdict: byLimits(failed.length, limits, 'above'),
    value: failed.length,
    message:
      failed.length === 0
        ? 'no other unit has failed'
        : `${formatCount(failed.length, 'other unit')} ${isOne ? 'has' : 'have'} failed: ${names}`,
    ...(failed.length === 0
      ? {}
      : { hint: 'systemctl list-units --state=failed; mended or done with: systemctl reset-failed <unit>' }),
  };
}
