// Where every worker thread begins: with the compile cache of the main thread, and then its own module. Without the cache
// Node brings a compiler for TypeScript into each worker: 20 MB of memory (measured, Node 26), and a moment.
import nodeModule from 'node:module';
import { workerData } from 'node:worker_threads';

const { compileCache, module } = workerData;
if (compileCache !== undefined) nodeModule.enableCompileCache(compileCache);
await import(module);
