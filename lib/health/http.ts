// Whether an endpoint answers as it should, and soon enough.
import { shellWord } from '../base/shell-word.ts';
import type { Check, Limits } from './check.ts';
import { byLimits, formatValue } from './limits.ts';

export interface HttpFacts {
  /** Without what its query may hold. */
  readonly address: string;
  readonly answer: HttpAnswer;
  /** Its own limits, which go before those of all. */
  readonly limits: Limits;
}

export type HttpAnswer =
  /** It is as it should be. */
  | { readonly status: number; readonly latencyMs: number; readonly detail?: string | undefined }
  /** It is not, or there is none. */
  | { readonly wrong: string; readonly hint?: string | undefined };

export const httpCheck: Check<HttpFacts> = {
  name: 'http',
  question: 'Does each endpoint answer as it should, and soon enough?',
  unit: 'ms',
  limits: { warning: 3000 },
  worse: 'above',
  judge({ address, answer, limits: own }, { limits }) {
    if ('wrong' in answer)
      return {
        verdict: 'critical',
        message: `${address} ${answer.wrong}`,
        hint: answer.hint ?? `curl -v ${shellWord(address)}`,
      };
    const holds = { ...limits, ...own };
    const verdict = byLimits(answer.latencyMs, holds, 'above');
    const took = formatValue(answer.latencyMs, 'ms');
    return {
      verdict,
      value: Math.round(answer.latencyMs),
      message: `${address} answers ${answer.status} ${verdict === 'ok' ? 'in' : 'only after'} ${took}${answer.detail ?? ''}`,
      hint: `what keeps it: curl -o /dev/null -s -w '%{time_connect} %{time_starttransfer}\\n' ${shellWord(address)}`,
      measures: { status: answer.status },
    };
  },
};
