// Paths: case-insensitive keys, case-preserving display, and the names that Dropbox will not have.

/** The most UTF-16 units in one component, and the most components. */
const longestComponent = 255;
const mostComponents = 300;

const refused = new Set([
  'desktop.ini',
  'thumbs.db',
  '.ds_store',
  'icon\r',
  '.dropbox',
  '.dropbox.attr',
  '.dropbox.cache',
]);

/** Simple mapping, one code point to one: unlike toLowerCase, which may change lengths and looks at neighbours. */
export function lowerPath(path: string): string {
  return [...path]
    .map((point) => {
      const lower = point.toLowerCase();
      return [...lower].length === 1 ? lower : ([...lower][0] ?? point);
    })
    .join('');
}

/** `/a/b` is well formed; a trailing slash, an empty segment or a very long name is not. The root is ''. */
export function isWellFormed(path: string): boolean {
  const [first, ...components] = path.split('/');
  return (
    first === '' &&
    components.length <= mostComponents &&
    components.every((name) => name !== '' && name.length <= longestComponent) &&
    components.every((name) => name !== '.' && name !== '..' && !name.includes('\0') && !name.includes('\\'))
  );
}

/** The last component is one of the names that no client could sync. */
export function isDisallowed(path: string): boolean {
  return path
    .split('/')
    .some(
      (component) =>
        refused.has(component.toLowerCase()) || /^(~\$|\.~)/.test(component) || /^~.*\.tmp$/i.test(component),
    );
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The folders above a path, from the top: `/a/b/c` has `/a` and `/a/b`. */
export function ancestorsOf(path: string): string[] {
  const components = path.split('/').slice(1, -1);
  return components.map((_, index) => `/${components.slice(0, index + 1).join('/')}`);
}

/** `/a/x.txt` with ` (2)` is `/a/x (2).txt`. */
export function withSuffix(path: string, suffix: string): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${parentOf(path)}/${stem}${suffix}${extension}`;
}
