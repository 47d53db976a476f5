import { readImageFile } from '../images/read-image-file.js';
import type { Example } from './dataset.js';

/** The bytes of an example's image, wherever they are. @throws MedoidError as `readImageFile` */
export const readExample = async ({ path, bytes }: Example): Promise<Uint8Array> =>
  bytes ?? readImageFile(path);
