// Who answers in the place of the receiver, in words: a login page, a proxy, something else.

/** Who answered is not the receiver, or has never heard of the key. */
export function strangerWords(status: number, location: string | undefined, body: Buffer): string {
  const what =
    status === 511 || location !== undefined
      ? 'a network that wants a login first, it seems'
      : /^\s*<(!doctype|html)/i.test(body.toString('latin1', 0, 200))
        ? 'a web page'
        : 'something else';
  return `what answers there is not the receiver, but ${what} (HTTP ${status})`;
}
