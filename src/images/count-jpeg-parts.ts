const [mark, stuffed, endOfImage, startOfScan] = [0xff, 0x00, 0xd9, 0xda];

/** TEM, RST0 to RST7 and SOI: nothing comes with them. */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

export interface JpegParts {
  /** What comes with a length: tables, comments, metadata, headers of scans. */
  readonly segments: number;
  readonly scans: number;
}

/**
 * Segments and scans of a JPEG, by going from marker to marker. Each scan goes over the whole picture, whatever its
 * own length: 250 kB keep the decoder underneath busy for a minute. Each comment takes it a hundred times its size.
 * @returns what there is until one is more than its bound
 */
export function countJpegParts(bytes: Uint8Array, most: JpegParts): JpegParts {
  let [segments, scans, at] = [0, 0, 2];
  while (segments <= most.segments && scans <= most.scans) {
    at = bytes.indexOf(mark, at);
    if (at === -1) break;
    while (bytes[at] === mark) at++;
    const marker = bytes[at++];
    if (marker === undefined || marker === endOfImage) break;
    if (marker === stuffed || isBare(marker)) continue;
    segments++;
    if (marker === startOfScan) scans++;
    at += (bytes[at] << 8) | bytes[at + 1];
  }
  return { segments, scans };
}
