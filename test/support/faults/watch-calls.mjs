// Watches every call of node:fs and node:fs/promises that changes something. Native writes, such as SQLite's, do not pass
// through here.
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { handleOperations, operationOf, pathOperations } from './fault-operations.mjs';

// Node's own functions call each other; only the call that the program made counts.
const inside = new AsyncLocalStorage();
let watcher;

/**
 * Lets `before` see each call of this thread from now on, and `after` when it was made; nobody when it is undefined. A
 * call fails with the error that `before` returns. Where either returns a promise, a call of node:fs/promises waits for
 * that: a synchronous one cannot, and throws.
 */
export async function watchCalls(next) {
  if (watcher === undefined && next !== undefined) await wrapOnce();
  watcher = next;
}

let isWrapped = false;

async function wrapOnce() {
  if (isWrapped) return;
  isWrapped = true;
  const prototype = await fileHandlePrototype();
  for (const name of pathOperations) {
    replace(fs, name, wrapCallback);
    replace(fs, `${name}Sync`, wrapSync);
    replace(fs.promises, name, wrapPromise);
  }
  for (const name of handleOperations) replace(prototype, name, wrapPromise);
  syncBuiltinESMExports();
}

function watched(name, self, args) {
  if (watcher === undefined || inside.getStore() === true) return undefined;
  return operationOf(name, self, args);
}

function wrapSync(name, original) {
  return function (...args) {
    const operation = watched(name, this, args);
    if (operation === undefined) return Reflect.apply(original, this, args);
    const failure = watcher.before(operation);
    if (failure instanceof Promise) throw new Error(`${name} cannot wait`);
    if (failure !== undefined) throw failure;
    try {
      return inside.run(true, () => Reflect.apply(original, this, args));
    } finally {
      void watcher?.after(operation);
    }
  };
}

function wrapCallback(name, original) {
  return function (...args) {
    const callback = args.at(-1);
    const operation = watched(name, this, args);
    if (operation === undefined || typeof callback !== 'function') return Reflect.apply(original, this, args);
    const failure = watcher.before(operation);
    if (failure instanceof Promise) return void failure.then(callback, callback);
    if (failure !== undefined) return void process.nextTick(callback, failure);
    const outside = AsyncLocalStorage.snapshot();
    args[args.length - 1] = (...results) => {
      watcher?.after(operation);
      outside(callback, ...results);
    };
    return inside.run(true, () => Reflect.apply(original, this, args));
  };
}

function wrapPromise(name, original) {
  return function (...args) {
    const operation = watched(name, this, args);
    if (operation === undefined) return Reflect.apply(original, this, args);
    const failure = watcher.before(operation);
    if (failure instanceof Promise) return failure;
    if (failure !== undefined) return Promise.reject(failure);
    const promise = inside.run(true, () => Reflect.apply(original, this, args));
    return promise.finally(() => watcher?.after(operation));
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
