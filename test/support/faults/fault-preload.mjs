// Preloaded into a program under test (NODE_OPTIONS=--import=<url of this file>): counts every call of node:fs and
// node:fs/promises that changes something, and lets the chosen one kill, interrupt or fail. Native writes, such as
// SQLite's, do not pass through here. Says nothing and changes nothing unless a FAULT_ variable asks for it.
//
//   FAULT_TRACE=<file>      appends "<number> <thread> <operation> <file name>" for each call, before it is made
//   FAULT_AT=<n>            the call of the main thread at which the fault happens, from 1
//   FAULT_KIND=<kind>       kill-before kill-after int-before term-before, or the error to fail with: enospc eio …
//   FAULT_AT_MESSAGE=<n>    kills when a worker thread is about to post its n-th message to its parent
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { afterOperation, beforeMessage, beforeOperation, faultsWanted } from './fault-plan.mjs';
import { handleOperations, operationOf, pathOperations } from './fault-operations.mjs';

// Node's own functions call each other; only the call that the program made counts.
const inside = new AsyncLocalStorage();

function wrapSync(name, original) {
  return function (...args) {
    const operation = inside.getStore() === true ? undefined : operationOf(name, this, args);
    if (operation === undefined) return Reflect.apply(original, this, args);
    const failure = beforeOperation(operation);
    if (failure !== undefined) throw failure;
    try {
      return inside.run(true, () => Reflect.apply(original, this, args));
    } finally {
      afterOperation(operation);
    }
  };
}

function wrapCallback(name, original) {
  return function (...args) {
    const callback = args.at(-1);
    const operation = inside.getStore() === true ? undefined : operationOf(name, this, args);
    if (operation === undefined || typeof callback !== 'function') return Reflect.apply(original, this, args);
    const failure = beforeOperation(operation);
    if (failure !== undefined) return void process.nextTick(callback, failure);
    const outside = AsyncLocalStorage.snapshot();
    args[args.length - 1] = (...results) => {
      afterOperation(operation);
      outside(callback, ...results);
    };
    return inside.run(true, () => Reflect.apply(original, this, args));
  };
}

function wrapPromise(name, original) {
  return function (...args) {
    const operation = inside.getStore() === true ? undefined : operationOf(name, this, args);
    if (operation === undefined) return Reflect.apply(original, this, args);
    const failure = beforeOperation(operation);
    if (failure !== undefined) return Promise.reject(failure);
    const promise = inside.run(true, () => Reflect.apply(original, this, args));
    return promise.finally(() => afterOperation(operation));
  };
}

function replace(object, name, wrap) {
  const original = object[name];
  if (typeof original !== 'function') return;
  object[name] = Object.assign(wrap(name, original), original);
}

async function fileHandlePrototype() {
  const handle = await fs.promises.open('/dev/null', 'r');
  await handle.close();
  return Object.getPrototypeOf(handle);
}

if (faultsWanted) {
  const prototype = await fileHandlePrototype();
  for (const name of pathOperations) {
    replace(fs, name, wrapCallback);
    replace(fs, `${name}Sync`, wrapSync);
    replace(fs.promises, name, wrapPromise);
  }
  for (const name of handleOperations) replace(prototype, name, wrapPromise);
  if (parentPort !== null) {
    const post = parentPort.postMessage.bind(parentPort);
    parentPort.postMessage = (...args) => {
      beforeMessage();
      return post(...args);
    };
  }
  syncBuiltinESMExports();
}
