// One file sealed: seal.ts FILE IDENTITY TARGET. Prints its milliseconds.
import { readFileSync } from 'node:fs';
import { sealTo } from '../../lib/seal/age.ts';

const [file = '', identity = '', target = ''] = process.argv.slice(2);
const [recipient = ''] = /age1[0-9a-z]+/.exec(readFileSync(identity, 'utf8')) ?? [];
const seal = sealTo([recipient]);
const started = performance.now();
await seal.sealFile(file, target);
console.log(performance.now() - started);
