// Whether the mounts are there that have to be, and answer: below one that is missing lies an empty directory, into which
// everything is written that should be elsewhere.
import { formatDuration } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check } from './check.ts';

export type MountFacts =
  /** Something is mounted there, and answered within so long, or did not. */
  | { readonly kind: 'mounted'; readonly type: string; readonly source: string; readonly answer: MountAnswer }
  /** It is mounted when somebody uses it. */
  | { readonly kind: 'awaited' }
  /** The machine has it mounted, and it cannot be seen from where we are. */
  | { readonly kind: 'hidden'; readonly source: string }
  /** Nothing is. `below`: what lies at its path instead. */
  | {
      readonly kind: 'missing';
      readonly below: 'nothing' | 'empty' | 'filled' | 'unknown';
      readonly unit: string;
      readonly unitState: string;
    };

export type MountAnswer =
  | { readonly answered: true; readonly afterMs: number }
  | {
      readonly answered: false;
      readonly words: string;
      /** It is not for us to look. */ readonly isRefusal: boolean;
    };

export const mountsCheck: Check<MountFacts> = {
  name: 'mounts',
  question: 'Is everything mounted that has to be, and does it answer?',
  unit: '',
  limits: {},
  worse: 'none',
  judge(facts, { subject }) {
    const paths = [subject];
    switch (facts.kind) {
      case 'awaited':
        return { verdict: 'ok', message: 'is mounted as soon as somebody uses it', paths };
      case 'hidden':
        return {
          verdict: 'unknown',
          message: `is mounted (${facts.source}), and cannot be seen from here: whether it answers is not known`,
          hint: `let the unit see it: systemctl edit health-check.service, with BindReadOnlyPaths=-${shellWord(subject)} below [Service]`,
          paths,
        };
      case 'missing':
        return {
          verdict: 'critical',
          message: `is not mounted${facts.unitState === '' ? '' : ` (${facts.unit} ${facts.unitState})`}: ${belowWords[facts.below]}`,
          hint: `mount it: mount ${shellWord(subject)}; why it is not: systemctl status ${shellWord(facts.unit)}`,
          paths,
        };
      case 'mounted': {
        const { type, source, answer } = facts;
        if (answer.answered)
          return {
            verdict: 'ok',
            message: `is mounted (${type}, ${source}), and answers after ${formatDuration(answer.afterMs)}`,
            measures: { answer_ms: Math.round(answer.afterMs) },
            paths,
          };
        if (answer.isRefusal)
          return {
            verdict: 'unknown',
            message: `is mounted (${type}, ${source}), and lets others look alone: ${answer.words}`,
            hint: `whose is it? ls -ld ${shellWord(subject)}; a mount of one user lets others in with the option allow_other`,
            paths,
          };
        return {
          verdict: 'critical',
          message: `is mounted (${type}, ${source}), and does not answer: ${answer.words}`,
          hint: `is the other side up? To let go of it: umount -l ${shellWord(subject)}, then mount ${shellWord(subject)}`,
          paths,
        };
      }
    }
  },
};

const belowWords = {
  nothing: 'there is no such directory',
  empty: 'what is written there goes onto the disk below it',
  filled: 'what was written there meanwhile lies on the disk below it, and is hidden once it is mounted',
  unknown: 'what lies there could not be looked at',
};
