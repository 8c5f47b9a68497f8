// How often who may ask: a budget for each, which fills up again. What is refused costs nearly nothing.
import { isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';

export interface Budget {
  readonly perSecond: number;
  /** So many at once after a pause. */
  readonly burst: number;
}

/** More are not remembered: whoever asks from millions of addresses is known by none of them. */
const namesMax = 10_000;

/** A budget for each name, such as an address or a key. */
export class Budgets {
  readonly #budget: Budget;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #spent = new Map<string, { spent: number; atMs: number }>();

  constructor(budget: Budget, clock: Pick<Clock, 'monotonicMs'>) {
    this.#budget = budget;
    this.#clock = clock;
  }

  /** Whether it has any left; nothing is taken. */
  hasLeft(name: string): boolean {
    return this.#spentNow(name) + 1 <= this.#budget.burst;
  }

  /** Takes one. False where none is left, and nothing is taken. */
  take(name: string): boolean {
    const spent = this.#spentNow(name) + 1;
    if (spent > this.#budget.burst) return false;
    this.#spent.delete(name); // the last that were used stay the longest
    this.#spent.set(name, { spent, atMs: this.#clock.monotonicMs() });
    if (this.#spent.size > namesMax) this.#forgetOldest();
    return true;
  }

  #spentNow(name: string): number {
    const { spent, atMs } = this.#spent.get(name) ?? { spent: 0, atMs: 0 };
    const filled = ((this.#clock.monotonicMs() - atMs) / 1000) * this.#budget.perSecond;
    return Math.max(0, spent - filled);
  }

  #forgetOldest(): void {
    const [oldest] = this.#spent.keys();
    if (oldest !== undefined) this.#spent.delete(oldest);
  }
}

/** Who stands behind an address: of IPv6 the network that one household or server has, for it has all of its addresses. */
export function neighbourhood(address: string): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return 'unknown';
  const [head = '', tail] = plain.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const missing = tail === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0);
  const all = [...(before ?? []), ...Array<string>(Math.max(0, missing)).fill('0'), ...(after ?? [])];
  return `${all
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
