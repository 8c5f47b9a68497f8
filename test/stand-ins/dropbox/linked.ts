// A stand-in for one test, with a caller; gone when the test is over.
import { onTestFinished } from 'vitest';
import { Caller } from './caller.ts';
import { DropboxStandIn, type StandInOptions } from './stand-in.ts';

export interface Linked {
  standIn: DropboxStandIn;
  caller: Caller;
}

export async function linked(options: StandInOptions = {}): Promise<Linked> {
  const standIn = await DropboxStandIn.start(options);
  onTestFinished(() => standIn[Symbol.asyncDispose]());
  return { standIn, caller: new Caller(standIn) };
}

/** Of an endpoint's error: the tags, from the outside in. */
export function tagsOf({ json }: { json: { error_summary?: string } }): string {
  return (json.error_summary ?? '').replace(/\/\.+$/, '');
}
