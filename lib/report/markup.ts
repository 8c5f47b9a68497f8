// HTML and SVG without a way round the escaping: a template in which every value is text, unless it is markup itself.
import { printable } from '../base/printable.ts';

/** Made by `markup` alone: what is in it was escaped. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[] | undefined;

/** The text between the values is ours and stays as it is; a value is escaped, for elements as for quoted attributes. */
export function markup(ours: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(ours.map((part, index) => part + textOf(values[index])).join(''));
}

/** One after the other, each on a line of its own with `'\n'` between. */
export function joined(parts: readonly Markup[], between: '' | '\n' = ''): Markup {
  return new Markup(parts.map(({ text }) => text).join(between));
}

function textOf(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return printable(String(value)).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
