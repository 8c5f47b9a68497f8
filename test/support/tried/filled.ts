// A line of a page as somebody types it: with the names of their own things, at the places where those lie.

/** What a word in angle brackets, `…`, or the id of the page's incident stands for. */
export type Value = string | (() => string | Promise<string>);

/** With what its placeholders stand for. The backup that the page takes for an example is the newest of its kind. */
export async function filled(
  text: string,
  values: Readonly<Record<string, Value>>,
  newest: (suffix: string) => string,
): Promise<string> {
  const named = text
    .replaceAll(/(?<=--app |@)<name>/g, '<app>')
    .replaceAll(/ctv-\d{8}T\d{6}Z(?=(\.[\w.]+))/g, (_, suffix: string) =>
      newest(suffix).slice(0, -suffix.length),
    );
  let line = '';
  for (const [index, part] of named.split(/(<[a-z][^<>]*>|…|3fa9c1)/).entries()) {
    // What stands between two others is a placeholder.
    const value = index % 2 === 1 ? values[part.replace(/^<(.*)>$/, '$1')] : part;
    if (value === undefined)
      throw new Error(
        `nobody has said what ${part} stands for: give it a value in the world of this section`,
      );
    line += typeof value === 'function' ? await value() : value;
  }
  return line;
}

const path = /(?<=^|[\s="'(<>:])\/(?:srv|etc|mnt|opt|var|run|tmp|dev\/shm|home)\/[^\s"']*/gm;

/** With its paths in a directory, but those that are there already. */
export function placedBelow(directory: string, text: string): string {
  return text.replaceAll(path, (found) => (found.startsWith(directory) ? found : directory + found));
}
