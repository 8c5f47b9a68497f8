// Where the log goes: the standard error output. Nothing that becomes of it ends a run or holds it up: a reader that went
// away or stopped to read, a full disk behind `2>log`, a terminal whose line was cut.
import { closeSync, constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../base/errors.ts';

export interface LogSink {
  /** Never waits and never throws. What cannot be written now is kept for a while, and then counted and left out. */
  write(text: string): void;
  /** Returns when all is written, when it never will be, or after `patienceMs` without a reader. */
  flush(patienceMs: number): Promise<void>;
}

/** What is kept for a reader that does not read, in bytes: a good many screens. */
const keptBytesMax = 256 * 1024;
const againMs = 20;

/** Says nothing is left to be written, or that nothing can be any more. */
type Writer = (bytes: Uint8Array) => number | 'gone';

/** The sink of a descriptor, the standard error output unless given. */
export function openLogSink(fd = 2): LogSink {
  const status = statusOf(fd);
  if (status === undefined) return { write() {}, async flush() {} };
  // A socket cannot be opened anew, and Node does not wait for one.
  if (status.isSocket()) return streamSink(process.stderr);
  return queueSink(writerTo(status.isFile() ? fd : withoutWaiting(fd)));
}

function statusOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined; // closed
  }
}

/**
 * A pipe or terminal, opened anew so that a write does not wait for a reader. Of the descriptor itself that must not be
 * asked: whoever else has it, the shell of a terminal above all, would not be waited for either.
 */
function withoutWaiting(fd: number): number {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY, O_APPEND } = constants;
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND);
  } catch {
    return fd; // another user's terminal, after su: then a write waits for it
  }
}

/** What could be written of the bytes. */
function writerTo(fd: number): Writer {
  return (bytes) => {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(fd, bytes, done);
      return done;
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return done;
      // A disk that is full now need not be so later; whoever has closed the other end will not come back.
      if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT') return bytes.length;
      if (fd > 2) closeSync(fd);
      return 'gone';
    }
  };
}

function queueSink(writeSome: Writer): LogSink {
  let kept = Buffer.alloc(0);
  let lost = 0;
  let isGone = false;
  let timer: NodeJS.Timeout | undefined;
  const pump = () => {
    timer = undefined;
    if (isGone || kept.length === 0) return;
    const done = writeSome(kept);
    isGone = done === 'gone';
    kept = done === 'gone' ? Buffer.alloc(0) : kept.subarray(done);
    if (kept.length > 0) timer = setTimeout(pump, againMs).unref();
    else if (lost > 0) add('');
  };
  const add = (text: string) => {
    const note = lost > 0 ? `(${lost} lines were left out: nobody read them)\n` : '';
    const more = Buffer.from(note + text);
    if (kept.length + more.length > keptBytesMax) return void (lost += 1);
    lost = 0;
    kept = Buffer.concat([kept, more]);
    if (timer === undefined) pump();
  };
  return {
    write: (text) => void (isGone || add(text)),
    async flush(patienceMs) {
      for (let waitedMs = 0; kept.length > 0 && waitedMs < patienceMs; waitedMs += againMs) {
        const before = kept.length;
        await delay(againMs);
        if (kept.length < before) waitedMs = 0;
      }
    },
  };
}

function streamSink(stream: NodeJS.WriteStream): LogSink {
  let isGone = false;
  stream.on('error', () => (isGone = true));
  return {
    write(text) {
      if (!isGone && stream.writableLength + text.length <= keptBytesMax) stream.write(text);
    },
    async flush(patienceMs) {
      for (
        let waitedMs = 0;
        stream.writableLength > 0 && !isGone && waitedMs < patienceMs;
        waitedMs += againMs
      )
        await delay(againMs);
    },
  };
}
