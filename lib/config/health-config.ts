// What an operator decided about health checks: how each is judged, and what else there is to look at.
import type { CheckSettings } from '../health/check.ts';
import type { MountSettings } from './sections/health-mounts.ts';
import type { PostgresSettings } from './sections/health-postgres.ts';
import type { UnitSettings } from './sections/health-units.ts';

/** `[health]`. */
export interface HealthSettings {
  /** By the name of the check; what is not here is as the check says. */
  readonly checks: Readonly<Record<string, CheckSettings>>;
  readonly units: UnitSettings;
  readonly mounts: MountSettings;
  /** The PostgreSQL databases that are watched. */
  readonly postgres: readonly PostgresSettings[];
}
