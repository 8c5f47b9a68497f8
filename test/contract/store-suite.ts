// The conformance suite: every store runs it, and every sentence of the contract in lib/store/store.ts is in it.
import { describe, onTestFinished } from 'vitest';
import { getTests, readTests, spaceTests } from './store-get.ts';
import { copyTests, listTests, removeTests } from './store-list.ts';
import { nameTests } from './store-names.ts';
import { abortTests, consumeTests, putTests } from './store-put.ts';
import type { OpenedStore } from './store-world.ts';

/** Runs the suite on stores that `open` makes, a new one for each test. */
export function storeSuite(name: string, open: () => Promise<OpenedStore>): void {
  const openEmpty = async () => {
    const opened = await open();
    onTestFinished(async () => opened.cleanUp());
    return opened;
  };
  describe(`${name}: the store contract`, () => {
    describe('put', () => putTests(openEmpty));
    describe('put with consume', () => consumeTests(openEmpty));
    describe('an abort', () => abortTests(openEmpty));
    describe('get', () => getTests(openEmpty));
    describe('read', () => readTests(openEmpty));
    describe('list and stat', () => listTests(openEmpty));
    describe('copy', () => copyTests(openEmpty));
    describe('remove', () => removeTests(openEmpty));
    describe('names', () => nameTests(openEmpty));
    describe('space', () => spaceTests(openEmpty));
  });
}
