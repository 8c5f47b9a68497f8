// The statements of a schema file, one by one. Who put the file there is not known, and SQLite does whatever a statement
// says, also to other files (ATTACH, VACUUM INTO): so each is looked at before it is run.

/** One statement, without the semicolon. */
export interface SqlStatement {
  text: string;
  /** Its words and signs outside of parentheses, in upper case; a name in quotes and a text are `'`. */
  words: string[];
}

/** Space and comments, a text or name in quotes, a word, or one sign. */
const token =
  /\s+|--[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|[\w$\u0080-\uffff]+|[^]/y;

/**
 * The statements in `sql`. A trigger has semicolons of its own, and ends with END, as sqlite3_complete() has it
 * (https://sqlite.org/c3ref/complete.html).
 */
export function splitSql(sql: string): SqlStatement[] {
  const statements: SqlStatement[] = [];
  let [start, depth, last] = [0, 0, ''];
  let words: string[] = [];
  token.lastIndex = 0;
  for (let found = token.exec(sql); found !== null && found[0] !== ''; found = token.exec(sql)) {
    const word = kindOf(found[0]);
    if (word === undefined) continue;
    if (word === ';' && (!isTrigger(words) || last === 'END')) {
      if (words.length > 0) statements.push({ text: sql.slice(start, found.index), words });
      [words, start, depth] = [[], token.lastIndex, 0];
    } else if (word === ')') depth -= 1;
    else if (word === '(') depth += 1;
    else if (depth === 0) words.push(word);
    last = word;
  }
  if (words.length > 0) statements.push({ text: sql.slice(start), words });
  return statements;
}

function kindOf(text: string): string | undefined {
  if (/^(\s|--|\/\*)/.test(text)) return undefined;
  return /^['"`[]/.test(text) ? "'" : text.toUpperCase();
}

function isTrigger([first, second, third]: readonly string[]): boolean {
  return first === 'CREATE' && (second === 'TRIGGER' || (/^TEMP/.test(second ?? '') && third === 'TRIGGER'));
}
