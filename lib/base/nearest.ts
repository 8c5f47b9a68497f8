// What a mistyped name was probably meant to be.

/** The known name nearest to what was typed; undefined where none is near enough to be worth a question. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const near = known
    .map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.min(typed.length, name.length) / 3))
    .filter(({ name, distance }) => distance < name.length);
  const begins = ({ name }: { name: string }) => Number(name.startsWith(typed));
  return near.sort((a, b) => a.distance - b.distance || begins(b) - begins(a))[0]?.name;
}

/** `; did you mean ctv?`, or nothing: for the end of a sentence. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const name = nearest(typed, known);
  return name === undefined ? '' : `; did you mean ${name}?`;
}

/** Levenshtein distance. Names are short, and what was typed is cut: the plain table will do. */
function editDistance(typed: string, name: string): number {
  const a = typed.slice(0, 200);
  let previous = Array.from({ length: name.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= name.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === name[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[name.length] ?? 0;
}
