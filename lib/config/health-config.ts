// What an operator decided about health checks: how each is judged, and what else there is to look at.
import type { CheckSettings } from '../health/check.ts';

/** `[health]`. */
export interface HealthSettings {
  /** By the name of the check; what is not here is as the check says. */
  readonly checks: Readonly<Record<string, CheckSettings>>;
}
