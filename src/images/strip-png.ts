/** They change how the pixels look; what cannot be left out has a capital letter, and what is not known is left out. */
const visibleChunks: ReadonlySet<string> = new Set([
  'tRNS',
  'gAMA',
  'cHRM',
  'sRGB',
  'iCCP',
  'sBIT',
  'eXIf',
  'pHYs',
]);
const smallLetterBit = 0x20;
const headStart = 8;
/** Length, name, checksum. */
const chunkFrame = 12;

/**
 * A PNG without texts, palettes that are only suggested, and the like. The decoder underneath keeps every text, and
 * unpacks those that are packed: four megabytes of them become eight gigabytes. It never gets to see them.
 * @returns `bytes` themselves where there is nothing to leave out
 */
export function stripPng(bytes: Uint8Array): Uint8Array {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Buffer[] = [];
  let keptFrom = 0;
  for (let at = headStart; at + headStart <= png.length; ) {
    const end = at + chunkFrame + png.readUInt32BE(at);
    // One that is cut short is kept, for the decoder to complain of.
    if (end > png.length) break;
    const isOptional = (png[at + 4] & smallLetterBit) !== 0;
    if (isOptional && !visibleChunks.has(png.toString('latin1', at + 4, at + 8))) {
      if (at > keptFrom) kept.push(png.subarray(keptFrom, at));
      keptFrom = end;
    }
    at = end;
  }
  return keptFrom === 0 ? bytes : Buffer.concat([...kept, png.subarray(keptFrom)]);
}
