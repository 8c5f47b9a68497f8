// Preloaded into a program under test (NODE_OPTIONS=--import=<url of this file>): counts every call that changes
// something, and lets the chosen one kill, interrupt or fail. Says nothing and changes nothing unless a FAULT_ variable
// asks for it.
//
//   FAULT_TRACE=<file>      appends "<number> <thread> <operation> <file name>" for each call, before it is made
//   FAULT_AT=<n>            the call of the main thread at which the fault happens, from 1
//   FAULT_KIND=<kind>       kill-before kill-after int-before term-before, or the error to fail with: enospc eio …
//   FAULT_AT_MESSAGE=<n>    kills when a worker thread is about to post its n-th message to its parent
import fs from 'node:fs';
import { isMainThread, parentPort, threadId } from 'node:worker_threads';
import { operationFile } from './fault-operations.mjs';
import { createPlan } from './fault-plan.mjs';
import { watchCalls } from './watch-calls.mjs';

// Captured before anything is wrapped.
const { openSync, writeSync } = fs;
const { FAULT_TRACE, FAULT_AT, FAULT_KIND, FAULT_AT_MESSAGE } = process.env;
const thread = isMainThread ? 'main' : `worker-${threadId}`;

if ([FAULT_TRACE, FAULT_AT].some((value) => value !== undefined)) {
  const trace = FAULT_TRACE === undefined ? undefined : openSync(FAULT_TRACE, 'a');
  await watchCalls(
    createPlan({
      at: FAULT_AT === undefined || !isMainThread ? 0 : Number(FAULT_AT),
      kind: FAULT_KIND,
      note(operation) {
        if (trace === undefined) return;
        writeSync(trace, `${operation.number} ${thread} ${operation.name} ${operationFile(operation)}\n`);
      },
      send: (signal) => void process.kill(process.pid, signal),
    }),
  );
}
if (FAULT_AT_MESSAGE !== undefined && parentPort !== null) {
  let messages = 0;
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (...args) => {
    messages += 1;
    if (messages === Number(FAULT_AT_MESSAGE)) process.kill(process.pid, 'SIGKILL');
    return post(...args);
  };
}
