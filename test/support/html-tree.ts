// HTML read strictly: every element is closed where it was opened, attributes are quoted, and nothing is left to a browser's
// good will. What this refuses, a browser would read as something.

export interface HtmlElement {
  name: string;
  attributes: Record<string, string>;
  children: (HtmlElement | string)[];
}

const empty = new Set(['meta']);

/** Throws where it is not written as it should be. */
export function htmlTree(html: string): HtmlElement {
  const root: HtmlElement = { name: '#root', attributes: {}, children: [] };
  const open = [root];
  const at = () => open.at(-1) ?? root;
  const token =
    /<!doctype html>|<\/([a-z][a-z0-9]*)>|<([a-z][a-z0-9]*)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*)(\/?)>|([^<]+)/gy;
  let end = 0;
  for (let found = token.exec(html); found !== null; found = token.exec(html)) {
    end = token.lastIndex;
    const [, closed, name, attributes = '', selfClosed, text] = found;
    if (text !== undefined) at().children.push(at().name === 'style' ? text : decoded(text));
    if (closed !== undefined) {
      const last = open.pop();
      if (last?.name !== closed) throw new Error(`</${closed}> closes ${last?.name}`);
    }
    if (name === undefined) continue;
    const element: HtmlElement = { name, attributes: attributesOf(attributes), children: [] };
    at().children.push(element);
    if (selfClosed === '' && !empty.has(name)) open.push(element);
  }
  if (end !== html.length) throw new Error(`not HTML as we write it: ${html.slice(end, end + 80)}`);
  if (open.length !== 1) throw new Error(`left open: ${open.map(({ name }) => name).join(' ')}`);
  return root;
}

/** It and all below it, in order. */
export function elements(tree: HtmlElement): HtmlElement[] {
  return [tree, ...tree.children.flatMap((child) => (typeof child === 'string' ? [] : elements(child)))];
}

/** As a person reads it, without the style. */
export function textIn(tree: HtmlElement): string {
  if (tree.name === 'style') return '';
  return tree.children.map((child) => (typeof child === 'string' ? child : textIn(child))).join('');
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [
      name,
      decoded(value),
    ]),
  );
}

/** Every `&` begins a character by its number. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d+);)?/g, (_, code: string | undefined) => {
    if (code === undefined) throw new Error(`a bare & in ${JSON.stringify(text.slice(0, 80))}`);
    return String.fromCharCode(Number(code));
  });
}
