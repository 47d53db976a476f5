const frameMark = 0x414e4d46; // 'ANMF'

/**
 * Frames of an animated WebP, by going from chunk to chunk. The decoder underneath takes minutes over a file of many
 * empty ones, as its time grows with their square: it gets to see only files of few.
 * @returns at most `most`
 */
export function countWebpFrames(bytes: Uint8Array, most: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length && frames < most; ) {
    if (view.getUint32(at) === frameMark) frames++;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
  return frames;
}
