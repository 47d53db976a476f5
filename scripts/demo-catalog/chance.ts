import type { Random } from '../../src/math/random.js';

export const between = (random: Random, min: number, max: number): number =>
  min + (max - min) * random.next();

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];

export const happens = (random: Random, probability: number): boolean => random.next() < probability;
