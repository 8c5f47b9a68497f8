// Shapes that a source offers, or brings with a batch: taken or not, and then guarded like all others.
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import type { Database } from '../../sqlite/open.ts';
import { putGuards } from './guards.ts';
import { isTaken, takeShape } from './shapes.ts';

/** Whether each is taken, in their order. In a transaction. */
export function takeShapes(
  database: Database,
  policy: ReplicaPolicy,
  shapes: readonly TableShape[],
): readonly boolean[] {
  const news = shapes.filter((shape) => !isTaken(database, shape));
  if (news.length === 0) return shapes.map(() => true); // as nearly always
  const taken = shapes.map((shape) => takeShape(database, policy, shape));
  putGuards(database, policy);
  return taken;
}
