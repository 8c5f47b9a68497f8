// Names as SQL has them.

/** A name as an identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal, whatever the server makes of backslashes. */
export function literal(text: string): string {
  return text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}

/** A table as people call it: without its schema where that is `public`, quoted only where it would be another's name. */
export function tableName(schema: string, table: string): string {
  const part = (name: string) => (/["."]/.test(name) ? identifier(name) : name);
  return schema === 'public' ? part(table) : `${part(schema)}.${part(table)}`;
}
