// TOML text to what it says, unchecked. The only importer of smol-toml.
import { parse, TomlError } from 'smol-toml';
import { OpsError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { withoutSecretKeys } from '../record/age-key.ts';

/** What the text says, whatever that means. Throws OpsError `config` with the place in it that is no TOML. */
export function parseToml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = withoutSecretKeys(error.message.split('\n', 1)[0] ?? '').replace(
      /^Invalid TOML document: /,
      '',
    );
    throw new OpsError(
      'config',
      `cannot use ${path}: line ${error.line}, column ${error.column}: ${reason}`,
      {
        hint: `open it at that line: editor +${error.line} ${shellWord(path)}`,
      },
    );
  }
}
