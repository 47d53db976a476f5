import { createHash, randomBytes, randomInt } from 'node:crypto';

/** `medoid_<id>_<secret>`: the id says which key it is and is no secret. */
export interface ApiKey {
  readonly id: string;
  /** 32 random bytes as base64url. */
  readonly secret: string;
}

const idLetters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const idLength = 8;
const secretBytes = 32;
const pattern = /^medoid_([a-z0-9]{8})_([A-Za-z0-9_-]{43})$/;

export const createApiKey = (): ApiKey => ({
  id: Array.from({ length: idLength }, () => idLetters[randomInt(idLetters.length)]).join(''),
  secret: randomBytes(secretBytes).toString('base64url'),
});

export const formatApiKey = ({ id, secret }: ApiKey): string => `medoid_${id}_${secret}`;

/** Nothing when `text` does not look like a key. */
export function parseApiKey(text: string): ApiKey | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : { id: match[1], secret: match[2] };
}

/**
 * SHA-256 [32]. A slow, salted hash is for passwords, which can be guessed. 256 random bits cannot, however fast one
 * tries, and no two keys have the same.
 */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();
