// Compiled code is kept for the threads that work for a job in this process, as the launchers keep it: without, each of them
// would load a compiler first.
import { join } from 'node:path';
import process from 'node:process';

process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../node_modules/.cache/in-process');
