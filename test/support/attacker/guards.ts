// What keeps the attacks of test/system/attacker out, each as the line that does it and what stands there without it. With
// all of them taken out (without-guards.ts) every attack has to succeed: one that does not proves nothing.
import type { Guard } from './guard.ts';
import { guardsOfContent } from './guards-of-content.ts';
import { guardsOfPlaces } from './guards-of-places.ts';

export const guards: readonly Guard[] = [...guardsOfPlaces, ...guardsOfContent];
