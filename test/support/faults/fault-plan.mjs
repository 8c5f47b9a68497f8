// What the FAULT_ variables ask for, and the count that decides when it is time.
import fs from 'node:fs';
import os from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { isMainThread, threadId } from 'node:worker_threads';
import { operationFile } from './fault-operations.mjs';

// Captured before anything is wrapped.
const { openSync, writeSync } = fs;
const { FAULT_TRACE, FAULT_AT, FAULT_KIND, FAULT_AT_MESSAGE } = process.env;

const thread = isMainThread ? 'main' : `worker-${threadId}`;
const faultAt = FAULT_AT === undefined || !isMainThread ? 0 : Number(FAULT_AT);
const messageAt = FAULT_AT_MESSAGE === undefined || isMainThread ? 0 : Number(FAULT_AT_MESSAGE);
const trace = FAULT_TRACE === undefined ? undefined : openSync(FAULT_TRACE, 'a');
let operations = 0;
let messages = 0;

/** Whether any of the variables is set. */
export const faultsWanted = [FAULT_TRACE, FAULT_AT, FAULT_AT_MESSAGE].some((value) => value !== undefined);

/** Counts and records the operation that is about to be made; returns the error it has to fail with, if any. */
export function beforeOperation(operation) {
  operations += 1;
  operation.number = operations;
  if (trace !== undefined) {
    writeSync(trace, `${operations} ${thread} ${operation.name} ${operationFile(operation)}\n`);
  }
  if (operations !== faultAt) return undefined;
  switch (FAULT_KIND) {
    case 'kill-before':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'int-before':
      process.kill(process.pid, 'SIGINT');
      break;
    case 'term-before':
      process.kill(process.pid, 'SIGTERM');
      break;
    case 'kill-after':
      break;
    default:
      return failure(FAULT_KIND.toUpperCase(), operation);
  }
  return undefined;
}

/** Called when the operation has been made, before the program learns of it. */
export function afterOperation(operation) {
  if (operation.number === faultAt && FAULT_KIND === 'kill-after') process.kill(process.pid, 'SIGKILL');
}

/** Called when a worker thread is about to post a message to its parent. */
export function beforeMessage() {
  messages += 1;
  if (messages === messageAt) process.kill(process.pid, 'SIGKILL');
}

/** An error as node:fs throws it. */
function failure(code, { systemCall, path }) {
  const errno = -os.constants.errno[code];
  const words = getSystemErrorMap().get(errno)?.[1] ?? 'unknown error';
  const error = new Error(`${code}: ${words}, ${systemCall} '${path}'`);
  return Object.assign(error, { errno, code, syscall: systemCall, path });
}
