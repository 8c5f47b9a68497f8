// What a server says, looked at before pg parses it: pg reads the fields of an error until one ends them, and one that nobody
// ends keeps it reading for ever (pg-protocol 1, parseErrorMessage; https://www.postgresql.org/docs/current/protocol-message-formats.html).

/** The error and the notice have such fields. */
const withFields = [0x45, 0x4e];
/** A body of one of them is never longer. */
const fieldBytesMax = 1024 * 1024;

/** What pg would read for ever it never sees: `cut` ends the connection instead. Before pg listens to the stream, or after. */
export function guardMessages(stream: NodeJS.ReadableStream, cut: () => void): void {
  const maySee = messageGuard();
  const emit = stream.emit.bind(stream);
  stream.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event !== 'data' || maySee(args[0] as Buffer)) return emit(event, ...args);
    cut();
    return true;
  };
}

/** Says of each chunk, in order, whether pg may see it. Once one may not, none may. */
export function messageGuard(): (chunk: Buffer) => boolean {
  let isWell = true;
  let header: number[] = [];
  /** Of the message that is under way: how much is still to come, and its body where that is looked at. */
  let rest = 0;
  let body: Buffer[] | undefined;
  const take = (chunk: Buffer): boolean => {
    let at = 0;
    while (at < chunk.length) {
      if (rest === 0 && header.length < 5) {
        header.push(chunk[at] ?? 0);
        at += 1;
        if (header.length < 5) continue;
        const [code = 0, ...length] = header;
        rest = Buffer.from(length).readUInt32BE(0) - 4;
        body = withFields.includes(code) ? [] : undefined;
        if (rest < 0 || (body !== undefined && rest > fieldBytesMax)) return false;
      } else {
        const piece = chunk.subarray(at, at + rest);
        body?.push(piece);
        at += piece.length;
        rest -= piece.length;
      }
      if (rest > 0) continue;
      if (body !== undefined && !hasEnd(Buffer.concat(body))) return false;
      header = [];
      body = undefined;
    }
    return true;
  };
  return (chunk) => (isWell &&= take(chunk));
}

/** A type and a text that ends with a zero, again and again; and a zero where a type would be, at the very end. */
function hasEnd(body: Buffer): boolean {
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1);
    if (end < 0) return false;
    at = end + 1;
  }
  return at === body.length - 1;
}
