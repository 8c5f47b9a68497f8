// The report before it is HTML or plain text: sections, and in them blocks of a few kinds. Both are made of this and of
// nothing else, so that they say the same.
import type { Verdict } from '../base/verdict.ts';
import type { Picture } from './picture.ts';

export interface ReportDocument {
  /** Of the window, and the subject of a mail: the answer in a few words. */
  readonly title: string;
  readonly verdict: Verdict;
  /** The answer, as the first heading. */
  readonly answer: string;
  /** Of when it is. */
  readonly asOf: string;
  readonly sections: readonly Section[];
  readonly footer: string;
}

export interface Section {
  readonly heading: string;
  /** Beside the heading. */
  readonly verdict?: Verdict | undefined;
  readonly blocks: readonly Block[];
  /** `cards` stand side by side where there is room. */
  readonly layout?: 'cards' | 'plain';
  readonly sections?: readonly Section[];
  /** Closed until somebody opens it, where there are many. */
  readonly isFolded?: boolean;
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: string; readonly weight?: 'strong' | 'quiet' }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [label: string, value: string])[] }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'figures'; readonly figures: readonly Figure[] };

/** Something that is wrong, and what helps. */
export interface Problem {
  readonly verdict: Exclude<Verdict, 'ok'>;
  readonly subject: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Since when, in words. */
  readonly since: string | undefined;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly {
    readonly title: string;
    readonly isNumber?: boolean;
    /** Whether its values are short ones of ours, which are not to be broken. */
    readonly isShort?: boolean;
    /** What stands before its value where rows become sentences. */
    readonly inWords?: string;
  }[];
  readonly rows: readonly (readonly Cell[])[];
  /** What is not in it: `and 12 older ones`. */
  readonly rest?: string | undefined;
}

/** Text, or a verdict that is shown as one. */
export type Cell = string | { readonly verdict: Verdict; readonly isStale?: boolean };

/** A picture, what is to be seen in it in words, and the same values as a table. */
export interface Figure {
  readonly title: string;
  readonly says: string;
  readonly picture: Picture;
  readonly table: Table;
  /** Whether the table is what a reader wants as much as the picture. */
  readonly isOpen?: boolean;
}
