const [quote, backslash] = [0x22, 0x5c];
/** `[` and `{`, `]` and `}` differ in this bit alone; nothing else becomes one of them by it. */
const braceBit = 0x20;
const [opening, closing] = [0x7b, 0x7d];

const deepest = 64;
/** Brackets, commas, numbers, quotes and whatever else is not within a text. */
const mostBesideTexts = 4 * 1024 * 1024;

function isEscaped(bytes: Buffer, at: number): boolean {
  let before = at;
  while (bytes[before - 1] === backslash) before--;
  return (at - before) % 2 === 1;
}

/**
 * Why JSON is refused before it is parsed. Two of its bytes make an empty list, so that one body with room for
 * pictures would take more memory than the process may have. Deep nesting would end the recursion of whatever reads it.
 * @param bytes UTF-8; need not be JSON
 */
export function findJsonExcess(bytes: Buffer): string | undefined {
  let [depth, besideTexts, inText] = [0, 0, false];
  for (let at = 0; at < bytes.length; at++) {
    if (inText) at = bytes.indexOf(quote, at);
    if (at === -1) return undefined;
    if (++besideTexts > mostBesideTexts) {
      return `expected JSON with at most ${mostBesideTexts} bytes beside its texts, got more`;
    }
    const byte = bytes[at];
    if (byte === quote) inText = !inText || isEscaped(bytes, at);
    else if ((byte | braceBit) === closing) depth--;
    else if ((byte | braceBit) === opening && ++depth > deepest) {
      return `expected JSON nested at most ${deepest} deep, got more`;
    }
  }
  return undefined;
}
