// JSON text that has to be an object.

/** The object that `text` holds; undefined when it is not JSON, cut short, or anything but an object. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // what JSON.parse says of it would quote it
  }
}
