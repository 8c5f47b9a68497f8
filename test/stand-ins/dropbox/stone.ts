// Validation of arguments as Stone does it, Dropbox's interface language: strict, and with its words.

/** Takes a JSON value, returns it with defaults and unions filled in, or throws a StoneProblem. */
export type StoneType = (value: unknown) => unknown;

export class StoneProblem extends Error {
  /** Adds where it was found, from the inside out. */
  within(place: string): StoneProblem {
    if (this.message.startsWith('[')) return new StoneProblem(`${place}${this.message}`);
    const separator = /^[a-z_0-9.[\]]+: /.test(this.message) ? '.' : ': ';
    return new StoneProblem(`${place}${separator}${this.message}`);
  }
}

export interface Field {
  type: StoneType;
  /** Without it the field is required. */
  default?: unknown;
  /** May be missing, and has no default. */
  optional?: boolean;
}

export function text(limits: { pattern?: string; min?: number; max?: number } = {}): StoneType {
  const pattern = limits.pattern === undefined ? undefined : new RegExp(`^(?:${limits.pattern})$`, 'u');
  return (value) => {
    if (typeof value !== 'string') {
      throw new StoneProblem(`${pythonValue(value)} expected to be a string, got ${typeName(value)}`);
    }
    const length = [...value].length;
    if (limits.max !== undefined && length > limits.max) {
      throw new StoneProblem(`'${value}' must be at most ${limits.max} characters, got ${length}`);
    }
    if (limits.min !== undefined && length < limits.min) {
      throw new StoneProblem(`'${value}' must be at least ${limits.min} characters, got ${length}`);
    }
    if (pattern !== undefined && !pattern.test(value)) {
      throw new StoneProblem(`'${value}' did not match pattern '${limits.pattern}'`);
    }
    return value;
  };
}

export function integer(min: number | bigint, max: number | bigint): StoneType {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      throw new StoneProblem(`expected integer, got ${typeName(value)}`);
    }
    if (value < min || value > max) throw new StoneProblem(`${value} is not within range [${min}, ${max}]`);
    return value;
  };
}

export const boolean: StoneType = (value) => {
  if (typeof value !== 'boolean') throw new StoneProblem(`expected boolean, got ${typeName(value)}`);
  return value;
};

const timestampFormat = '%Y-%m-%dT%H:%M:%SZ';

/** Whole seconds in UTC; milliseconds and offsets are refused. */
export const timestamp: StoneType = (value) => {
  if (typeof value !== 'string') {
    throw new StoneProblem(`${pythonValue(value)} expected to be a string, got ${typeName(value)}`);
  }
  const valid = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) && isDate(value);
  if (!valid) throw new StoneProblem(`time data '${value}' does not match format '${timestampFormat}'`);
  return value;
};

export function list(item: StoneType, limits: { max?: number; min?: number } = {}): StoneType {
  return (value) => {
    if (!Array.isArray(value)) throw new StoneProblem(`expected list, got ${typeName(value)}`);
    if (limits.max !== undefined && value.length > limits.max) {
      throw new StoneProblem(`list of ${value.length} items has more than ${limits.max} items`);
    }
    if (limits.min !== undefined && value.length < limits.min) {
      throw new StoneProblem(`list of ${value.length} items has fewer than ${limits.min} items`);
    }
    return value.map((element, index) => at(`[${index}]`, () => item(element)));
  };
}

export function nullable(type: StoneType): StoneType {
  return (value) => (value === null ? null : type(value));
}

export function struct(fields: Record<string, Field>): StoneType {
  return (value) => {
    if (!isObject(value)) throw new StoneProblem(`expected object, got ${typeName(value)}`);
    const unknown = Object.keys(value).find((name) => fields[name] === undefined);
    if (unknown !== undefined) throw new StoneProblem(`unknown field '${unknown}'`);
    const missing = Object.keys(fields).find(
      (name) =>
        value[name] === undefined && fields[name]?.default === undefined && fields[name]?.optional !== true,
    );
    if (missing !== undefined) throw new StoneProblem(`missing required field '${missing}'`);
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        value[name] === undefined ? field.default : at(name, () => field.type(value[name])),
      ]),
    );
  };
}

/** Members without a value are `null`. The result is always an object with its tag. */
export function union(members: Record<string, StoneType | null>): StoneType {
  return (value) => {
    const tag = tagOf(value);
    const member = Object.hasOwn(members, tag) ? members[tag] : undefined;
    if (member === undefined) throw new StoneProblem(`unknown tag '${tag}'`);
    if (typeof value === 'string') {
      if (member !== null) throw new StoneProblem(`expected object for '${tag}', got symbol`);
      return { '.tag': tag };
    }
    const rest = Object.keys(value as object).filter((name) => name !== '.tag' && name !== tag);
    if (rest[0] !== undefined) throw new StoneProblem(`unexpected key '${rest[0]}'`);
    if (member === null) return { '.tag': tag };
    const inner = (value as Record<string, unknown>)[tag];
    if (inner === undefined) throw new StoneProblem(`missing '${tag}' key`);
    return { '.tag': tag, [tag]: at(tag, () => member(inner)) };
  };
}

function tagOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isObject(value)) throw new StoneProblem(`expected string or object, got ${typeName(value)}`);
  if (value['.tag'] === undefined) throw new StoneProblem(`missing '.tag' key`);
  if (typeof value['.tag'] !== 'string') {
    throw new StoneProblem(`expected string, got ${typeName(value['.tag'])}`);
  }
  return value['.tag'];
}

function at<Result>(place: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw error instanceof StoneProblem ? error.within(place) : error;
  }
}

function isDate(value: string): boolean {
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString() === value.replace('Z', '.000Z');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  return typeof value;
}

function pythonValue(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return JSON.stringify(value);
}
