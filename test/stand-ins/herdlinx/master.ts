// A master as HerdLinx' Pi is today, with what is wrong with it: changes cut at the limit, newest first, no deletions, times as
// Flask writes them, no cursor, and no idea of exact rows.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HerdlinxMaster extends AsyncDisposable {
  readonly url: string;
  readonly asked: string[];
  /** What its clock says, and it tells. */
  now: () => Date;
  /** What answers is no master then, as while it starts. */
  isAway: boolean;
  /** By id. */
  readonly cattle: Map<number, { id: number; weight: number; updatedAt: Date }>;
}

export async function herdlinxMaster(key: string): Promise<HerdlinxMaster> {
  const cattle: HerdlinxMaster['cattle'] = new Map();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://any');
    asked.push(pathname);
    const say = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (master.isAway) return response.writeHead(502).end();
    if (request.headers['x-api-key'] !== key) return say(401, { success: false, message: 'Invalid API key' });
    const rows = [...cattle.values()].map((row) => ({
      id: row.id,
      weight: row.weight,
      induction_date: 'Mon, 15 Jan 2024 00:00:00 GMT',
      updated_at: row.updatedAt.toUTCString(),
    }));
    const data = (some: typeof rows) => ({
      data: { batches: [], cattle: some },
      counts: { batches: 0, cattle: some.length },
    });
    const timestamp = master.now().toISOString();
    if (pathname === '/api/sync/full-export')
      return say(200, { success: true, exported_at: timestamp, ...data(rows) });
    if (pathname !== '/api/sync/changes') return say(404, { success: false, message: 'Not found' });
    const since = Date.parse(`${searchParams.get('since')}Z`);
    const limit = Math.min(Number(searchParams.get('limit') ?? 1000), 5000);
    const newest = rows
      .filter(({ updated_at: at }) => Date.parse(at) >= since)
      .sort((one, other) => Date.parse(other.updated_at) - Date.parse(one.updated_at))
      .slice(0, limit);
    say(200, { success: true, timestamp, ...data(newest) });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const master: HerdlinxMaster = {
    now: () => new Date(),
    isAway: false,
    url: `http://127.0.0.1:${port}`,
    asked,
    cattle,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return master;
}
