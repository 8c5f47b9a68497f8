// What a client must not do although the service lets it pass, or punishes it only later.

export type ViolationKind =
  | 'early-after-429' // a request before the wait that a 429 asked for was over
  | 'no-content-hash' // data was sent without saying what it is
  | 'secret-in-url'
  | 'data-outside-append' // start and finish draw the rate limits; their data is wasted then
  | 'autorename' // a 200 for another path than the one asked for
  | 'racing-commit' // two changes of one namespace at the same time
  | 'unbounded-body' // more than 150 MiB without announcing it
  | 'foreign-host'
  | 'expired-token-reused' // after a 401 said so
  | 'too-many-open-requests'
  | 'stand-in-failed'; // no fault of the client: a mistake in here, which must not pass for a hard service

export interface Violation {
  kind: ViolationKind;
  message: string;
  /** Number in the request log. */
  request: number;
}

export class Violations {
  readonly list: Violation[] = [];

  add(kind: ViolationKind, request: { number: number; route: string }, message: string): void {
    this.list.push({ kind, request: request.number, message: `${request.route}: ${message}` });
  }
}
