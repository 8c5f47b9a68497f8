// Questions to the person at the terminal, or to whatever is piped in. They stand on stderr: stdout is for the result.
import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { OpsError, systemError } from '../base/errors.ts';

/**
 * One line, undefined where nothing comes any more. To be told to stop is no answer: it throws the signal's reason then.
 */
export async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  return readAnswer(question, signal, isatty(0) && isatty(2));
}

/** Whether the answer is yes; undefined without asking where nobody sits at a terminal. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  if (!isatty(0) || !isatty(2)) return undefined;
  return /^y(es)?$/i.test((await readAnswer(`${question} [y/N] `, signal, true)) ?? '');
}

/** One line that is not shown while it is typed. At a terminal only. */
export async function askSecret(question: string, signal: AbortSignal): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(question);
  try {
    return await readAnswer('', signal, true, nowhere);
  } finally {
    process.stderr.write('\n');
  }
}

async function readAnswer(
  question: string,
  signal: AbortSignal,
  isTerminal: boolean,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string | undefined> {
  signal.throwIfAborted();
  process.stderr.on('error', () => undefined); // a terminal that is gone: the end of the input tells
  process.stdin.on('error', () => lines.close());
  const lines = createInterface({ input: process.stdin, output, terminal: isTerminal });
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  // While it asks on a terminal it gets Ctrl-C as a key.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  lines.on('line', (line) => resolve(line.trim()));
  lines.on('close', () => resolve(undefined));
  try {
    lines.setPrompt(question);
    lines.prompt();
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    lines.close();
    // A pipe that stays open would keep this process alive; at a terminal there may be another question.
    if (!isTerminal) process.stdin.destroy();
  }
}

/**
 * All that is piped in, or typed until Ctrl-D. Throws OpsError `damaged` for more than `sizeBytesMax`, `io`, and the signal's
 * reason. Nothing of the input is read afterwards.
 */
export async function readInput(input: Readable, sizeBytesMax: number, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const onAbort = () => input.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    // To leave the loop ends the input: a pipe that stays open would keep this process alive.
    for await (const piece of input as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length > sizeBytesMax)
        throw new OpsError(
          'damaged',
          `cannot read the standard input: it is larger than the ${sizeBytesMax} bytes it may have`,
        );
    }
  } catch (error) {
    signal.throwIfAborted();
    throw systemError('read the standard input', error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return Buffer.concat(pieces);
}
