// The identity that opens sealed backups: in a file that was named, piped in, or typed at the terminal when it is needed. Never in
// an argument, where everybody on the machine could read it.
import { OpsError, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { Opening } from '../seal/seal.ts';

/** Where an identity can come from. */
export interface IdentitySource {
  /** A file, or `-` for what is piped in; undefined where none was named. */
  file: string | undefined;
  /** Asks the person at the terminal, without showing the answer; undefined where nobody is there. */
  askSecret: ((question: string) => Promise<string | undefined>) | undefined;
}

interface Process {
  /** Undefined for a command that opens nothing. */
  identity: IdentitySource | undefined;
  readInput(sizeBytesMax: number): Promise<Buffer>;
  log: Log;
}

const identityBytesMax = 64 * 1024;
const triesMax = 3;
const question = 'the identity that opens sealed backups (AGE-SECRET-KEY-1…, not shown; Enter for none): ';

/** What opens with the identity of a file; else what asks for it when something has to be opened; undefined where nobody can be asked. */
export async function openingFrom({ identity, readInput, log }: Process): Promise<Opening | undefined> {
  const { file, askSecret } = identity ?? { file: undefined, askSecret: undefined };
  if (file !== undefined) return openingOf(await textOf(file, readInput), called(file));
  return askSecret === undefined ? undefined : asking(askSecret, log);
}

async function textOf(file: string, readInput: Process['readInput']): Promise<string> {
  if (file === '-') return (await readInput(identityBytesMax)).toString('utf8');
  try {
    const { bytes } = await readSmallFile(file, {
      sizeBytesMax: identityBytesMax,
      follow: true,
      called: called(file),
    });
    return bytes.toString('utf8');
  } catch (error) {
    throw systemError(`read ${called(file)}`, error, {
      hint: 'name the file with the identity: --identity <file>',
    });
  }
}

/** Who takes the secret itself for a file name is not shown it: it would be in a log. */
function called(file: string): string {
  if (file === '-') return 'what was piped in';
  return /AGE-SECRET-KEY/i.test(file) ? 'the file of that name, which looks like the identity itself' : file;
}

async function openingOf(text: string, from: string): Promise<Opening> {
  const [{ openWith }, { parseIdentities }] = await modules();
  return openWith(parseIdentities(text, from));
}

function modules() {
  return Promise.all([import('../seal/age.ts'), import('../seal/identity-text.ts')]);
}

/** Asks once, when something is to be opened; none is a `denied` that names no key. */
function asking(askSecret: NonNullable<IdentitySource['askSecret']>, log: Log): Opening {
  let known: Opening | undefined;
  let answer: Promise<Opening> | undefined;
  const opening = async () => (known = await (answer ??= typed(askSecret, log)));
  return {
    get recipients() {
      return known?.recipients ?? [];
    },
    ready: async () => void (await opening()),
    openFile: async (...given) => (await opening()).openFile(...given),
    openText: async (...given) => (await opening()).openText(...given),
  };
}

async function typed(askSecret: NonNullable<IdentitySource['askSecret']>, log: Log): Promise<Opening> {
  const [{ openWith }, { parseTypedIdentity }] = await modules();
  for (let tries = 1; ; tries += 1) {
    const text = (await askSecret(question))?.trim() ?? '';
    if (text === '') throw new OpsError('denied', 'cannot open what is sealed: no identity was given');
    try {
      return await openWith([parseTypedIdentity(text)]);
    } catch (error) {
      if (!(error instanceof OpsError) || tries === triesMax) throw error;
      log.warn(error.message);
    }
  }
}
