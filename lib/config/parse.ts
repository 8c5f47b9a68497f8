// TOML text to a checked file, or one error that lists every problem with its place.
import { z } from 'zod';
import { OpsError } from '../base/errors.ts';
import { didYouMean } from '../base/nearest.ts';
import { withoutSecretKeys } from '../record/age-key.ts';
import { plainTextProblems } from './plain-text.ts';
import { type ConfigFile, fileSchema } from './schema.ts';
import { parseToml } from './toml.ts';

/** Parses the text of a configuration file. Throws OpsError `config` naming all problems at once. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  return parseWritten(text, path).file;
}

/** The same, and what was written there before any default was added. */
export function parseWritten(text: string, path: string): { file: ConfigFile; written: unknown } {
  const parsed = parseToml(text, path);
  const checked = fileSchema.safeParse(parsed);
  const problems = [
    ...plainTextProblems(parsed),
    ...(checked.success ? [] : checked.error.issues.flatMap(describeIssue)),
  ];
  if (checked.success && problems.length === 0) return { file: checked.data, written: parsed };
  throw new OpsError('config', `cannot use ${path}:`, {
    lines: problems.map((problem) => `  ${withoutSecretKeys(problem)}`),
    hint: 'docs/configuration.md explains every key; etc/holdfast.toml is a sample',
  });
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.map(String).join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey([...issue.path.map(String), key]));
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => `${place}: ${inner.message}`);
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return [`${place}: is missing`];
  if (issue.code === 'invalid_union' && issue.errors.length > 0)
    return [
      `${place}: ${issue.errors
        .flat()
        .map(({ message }) => message)
        .join(', or ')}`,
    ];
  return [`${place}: ${issue.message.replace(/^Invalid input: /, '')}`];
}

function unknownKey(path: string[]): string {
  const known = keysAt(path.slice(0, -1));
  const key = path.at(-1) ?? '';
  return `${path.join('.')}: unknown key${didYouMean(key, known)}`;
}

/** The keys that may stand at a place of the file, read off the schema. */
function keysAt(path: string[]): string[] {
  let schema = z.toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  for (const key of path) schema = propertiesOf(schema)[key] ?? schema.additionalProperties ?? {};
  return Object.keys(propertiesOf(schema));
}

/** Of a table that may be one of several kinds, the keys of all of them. */
function propertiesOf({ properties, oneOf, anyOf }: JsonSchema): Record<string, JsonSchema> {
  return Object.assign({}, ...[...(oneOf ?? []), ...(anyOf ?? [])].map(propertiesOf), properties) as Record<
    string,
    JsonSchema
  >;
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}
