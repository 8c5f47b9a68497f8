// FNV-1a over the code points of a text: a short name for it. It names, it protects nothing.

const numbers = {
  32: { basis: 0x811c9dc5n, prime: 0x01000193n },
  64: { basis: 0xcbf29ce484222325n, prime: 0x100000001b3n },
};

/** So many bits of it, in hex digits. */
export function fnv1a(text: string, bits: keyof typeof numbers): string {
  const { basis, prime } = numbers[bits];
  let hash = basis;
  for (const character of text)
    hash = BigInt.asUintN(bits, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * prime);
  return hash.toString(16).padStart(bits / 4, '0');
}
