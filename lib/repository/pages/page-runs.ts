// Which pages of a database are meant, as runs; and how pages are grouped. Pages are counted from 0 here.

/** Consecutive pages: the first, and how many. */
export type PageRun = readonly [first: number, count: number];

/** Ascending, without overlaps. */
export type PageRuns = readonly PageRun[];

/** A group, and those of its pages that are meant; they are counted from 0 within the group. */
export interface PageGroup {
  group: number;
  runs: PageRuns;
}

const groupBytes = 1024 * 1024;
const groupPagesMin = 16;

/** How many pages form a group where they have this size. */
export function groupPagesFor(pageSize: number): number {
  return Math.max(groupPagesMin, groupBytes / pageSize);
}

/** How many pages these are. */
export function countPages(runs: PageRuns): number {
  return runs.reduce((sum, [, count]) => sum + count, 0);
}

/** The runs of the pages among the first `pageCount` for which `isMeant` holds. */
export function runsWhere(pageCount: number, isMeant: (page: number) => boolean): PageRun[] {
  const runs: PageRun[] = [];
  let first: number | undefined;
  for (let page = 0; page < pageCount; page += 1) {
    const meant = isMeant(page);
    if (meant) first ??= page;
    else if (first !== undefined) {
      runs.push([first, page - first]);
      first = undefined;
    }
  }
  if (first !== undefined) runs.push([first, pageCount - first]);
  return runs;
}

/** The runs, group by group. */
export function* groupsOf(runs: PageRuns, groupPages: number): Generator<PageGroup> {
  let current: { group: number; runs: PageRun[] } | undefined;
  for (const [first, count] of runs) {
    for (let page = first; page < first + count;) {
      const group = Math.floor(page / groupPages);
      const end = Math.min(first + count, (group + 1) * groupPages);
      if (current !== undefined && current.group !== group) {
        yield current;
        current = undefined;
      }
      current ??= { group, runs: [] };
      current.runs.push([page - group * groupPages, end - page]);
      page = end;
    }
  }
  if (current !== undefined) yield current;
}

/** Those of the runs that lie below `end`, the last one cut there. */
export function runsBelow(runs: PageRuns, end: number): PageRun[] {
  return runs.flatMap(([first, count]): PageRun[] =>
    first < end ? [[first, Math.min(count, end - first)]] : [],
  );
}

/** The first page from `from` on and below `end` that is in none of the runs; undefined where all of them are. */
export function firstMissing(runs: PageRuns, from: number, end: number): number | undefined {
  let next = from;
  for (const [first, count] of runs) {
    if (first > next || next >= end) break;
    next = Math.max(next, first + count);
  }
  return next < end ? next : undefined;
}
