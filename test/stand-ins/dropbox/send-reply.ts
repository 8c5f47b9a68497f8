// Putting an answer on the wire: through the link, and with whatever a fault does to its bytes.
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Effects } from './faults.ts';
import { Lane } from './link.ts';
import type { Reply } from './replies.ts';
import type { RequestLogEntry } from './request-log.ts';
import type { Service } from './service.ts';

const piece = 64 * 1024;

export interface Sending {
  service: Service;
  response: ServerResponse;
  request: RequestLogEntry;
  effects: Effects;
  /** Reason phrases are the content host's habit. */
  withReason: boolean;
}

export async function sendReply(sending: Sending, reply: Reply): Promise<void> {
  const { service, response, effects } = sending;
  const length = reply.file === undefined ? reply.body.length : reply.file.end - reply.file.start;
  const cut = effects.one('truncateResponse');
  const announced = cut?.complete === true ? Math.min(cut.bytes, length) : length;
  writeHead(sending, reply, announced);
  const slow = effects.one('slowLoris');
  const lanes = [service.link.down, ...(slow === undefined ? [] : [new Lane(slow.bytesPerSecond)])];
  const end = Math.min(cut?.bytes ?? length, length);
  let sent = 0;
  for await (const bytes of corrupted(effects, pieces(service, reply, slow === undefined ? piece : 1))) {
    const now = bytes.subarray(0, end - sent);
    if (now.length === 0 || response.destroyed) break;
    for (const lane of lanes) await lane.take(now.length);
    sent += now.length;
    sending.request.replyBytes = sent;
    service.log.bytesSent += now.length;
    if (!response.write(now)) await drained(response);
  }
  for (const lane of lanes) await lane.settle();
  await finish(response, cut !== undefined && cut.complete !== true);
}

function writeHead({ service, response, request, withReason }: Sending, reply: Reply, length: number): void {
  response.sendDate = false;
  const headers: Record<string, string> = {
    Date: service.clock.dateHeader(),
    Server: 'envoy',
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    'X-Dropbox-Request-Id': randomBytes(16).toString('hex'),
    'X-Dropbox-Response-Origin': 'far_remote',
    'Content-Length': String(length),
    ...reply.headers,
  };
  if (reply.status === 304) delete headers['Content-Length'];
  request.status = reply.status;
  request.outcome = 'replied';
  if (reply.status >= 400) request.error = reply.summary ?? reply.body.toString();
  if (withReason && reply.summary !== undefined) response.writeHead(reply.status, reply.summary, headers);
  else response.writeHead(reply.status, headers);
}

async function* pieces(service: Service, reply: Reply, size: number): AsyncGenerator<Buffer> {
  const source =
    reply.file === undefined
      ? [reply.body]
      : service.blobs.read(reply.file.contentHash, reply.file.start, reply.file.end);
  for await (const bytes of source) {
    for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
  }
}

async function* corrupted(effects: Effects, source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const corruption = effects.one('corruptByte');
  let offset = 0;
  for await (const bytes of source) {
    const index = corruption === undefined ? -1 : corruption.at - offset;
    offset += bytes.length;
    if (index < 0 || index >= bytes.length) {
      yield bytes;
      continue;
    }
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 0xff;
    yield changed;
  }
}

/** Ends the answer; a truncated one ends with its connection, when what was written is on its way. */
async function finish(response: ServerResponse, broken: boolean): Promise<void> {
  if (response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('close', resolve);
  if (broken) response.write('', () => response.destroy());
  else response.end(resolve);
  await promise;
}

/** Returns when more can be written, or nothing ever will. */
async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve).once('close', resolve);
  await promise;
  response.off('drain', resolve).off('close', resolve);
}
