// What a run asks the person at the terminal. Each question stands in a line of its own: a bar that is there is ended first.
import type { Progress } from '../base/log.ts';

/** Answers are as in `prompt.ts`. */
export interface Questions {
  confirm(question: string): Promise<boolean | undefined>;
  ask(question: string): Promise<string | undefined>;
  /** Asks without showing the answer; undefined where nobody sits at a terminal. */
  askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
}

/** The same, after the progress. */
export function afterProgress({ confirm, ask, askSecret }: Questions, progress: Progress): Questions {
  const after =
    <Answer>(asking: (question: string) => Promise<Answer>) =>
    (question: string) => {
      progress.end();
      return asking(question);
    };
  return { confirm: after(confirm), ask: after(ask), askSecret: askSecret && after(askSecret) };
}
