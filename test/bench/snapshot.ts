// One snapshot as a whole process, to be timed beside `sqlite3 SOURCE ".backup FILE"`.
import { takeSnapshot } from '../../lib/sqlite/snapshot.ts';
import { requireSource } from '../../lib/sqlite/look.ts';

const [source = '', target = ''] = process.argv.slice(2);
await takeSnapshot(await requireSource(source), target, { now: new Date() });
