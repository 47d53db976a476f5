const startsWith = (bytes: Uint8Array, text: string, offset = 0): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
};

const ftypBrands = ['avif', 'avis', 'mif1', 'miaf'];

/**
 * The format that the first bytes claim, if it is one that is read here. The decoder underneath knows many more, some
 * of which cost seconds and gigabytes before they are refused (SVG, compressed or not): it never gets to see them.
 */
export function sniffFormat(
  bytes: Uint8Array,
): 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff' | undefined {
  if (startsWith(bytes, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'webp';
  if (startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a')) return 'gif';
  if (startsWith(bytes, 'ftyp', 4) && ftypBrands.some(brand => startsWith(bytes, brand, 8))) return 'avif';
  const tiff = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'];
  return tiff.some(magic => startsWith(bytes, magic)) ? 'tiff' : undefined;
}
