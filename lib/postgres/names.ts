// Names and texts as they stand in a statement.

/** A name as it is, whatever is in it. */
export function quote(name: string): string {
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
  const part = (name: string) => (/["."]/.test(name) ? quote(name) : name);
  return schema === 'public' ? part(table) : `${part(schema)}.${part(table)}`;
}
