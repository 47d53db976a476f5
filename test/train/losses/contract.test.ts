import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { createRandom, type Random } from '../../../src/math/random.js';
import type { VectorBlock } from '../../../src/math/vectors.js';
import { losses } from '../../../src/train/losses/index.js';
import type { LossDefinition, LossResult } from '../../../src/train/losses/loss.js';
import { blockOf } from '../../fixtures/batches.js';
import {
  allClasses,
  degenerate,
  documented,
  extreme,
  type Given,
  givenOf,
  randomGiven,
  rowsOf,
} from '../../fixtures/loss-batches.js';
import { lossCases } from '../../fixtures/loss-cases.js';
import { naiveLosses } from '../../oracles/naive-losses.js';

type Options = Readonly<Record<string, unknown>>;

/** Options under which a loss is another formula. */
const variants: Readonly<Record<string, readonly Options[]>> = {
  'facility-location': ['nmi', 'ami', 'ari', 'v-measure', 'none'].map(margin => ({ margin, gamma: 0.3 })),
  triplet: ['all', 'semi-hard', 'batch-hard'].map(mining => ({ mining, margin: 0.5 })),
  'lifted-structure': [{ variant: 'exact' }, { variant: 'smooth' }],
};

/** Which two images of a class are its pair is up to their order. */
const minding = new Set(['n-pair']);

/** Two points that make up a cluster tie for its medoid, and ties go to the first: the order can matter, mostly not. */
const tying = new Set(['facility-location']);

const table = losses.flatMap(loss => (variants[loss.name] ?? [{}]).map(options => [loss, options] as const));
const titled = table.map(([loss, options]) => {
  const shown = Object.values(options).filter(value => typeof value === 'string');
  return [[loss.name, ...shown].join(' '), loss, options] as const;
});

function evaluate(
  loss: LossDefinition,
  options: Options,
  { batch, labels, classVectors }: Given,
): LossResult {
  const { evaluate, classVectors: learnt } = loss.create(loss.options.parse(options));
  return evaluate(batch, labels, { epoch: 0, ...(learnt === undefined ? {} : { classVectors }) });
}

function evaluateNaively(loss: LossDefinition, options: Options, given: Given): number {
  const complete = loss.options.parse(options) as Options;
  return naiveLosses[loss.name]({
    x: rowsOf(given.batch),
    y: given.labels,
    classVectors: rowsOf(given.classVectors),
    number: name => complete[name] as number,
    choice: name => complete[name] as string,
  });
}

/** In double precision, so that a step can be small: a loss only reads its numbers. */
const inDouble = ({ data, ...shape }: VectorBlock): VectorBlock => ({
  ...shape,
  data: Float64Array.from(data) as unknown as Float32Array,
});

/** Slopes of a function of some numbers to the left and right of where they are. */
function oneSidedSlopes(data: Float32Array, value: () => number): [number, number][] {
  const step = 1e-5;
  const centre = value();
  return Array.from(data, (x, i) => {
    const at = (shifted: number): number => {
      data[i] = shifted;
      const result = value();
      data[i] = x;
      return result;
    };
    return [(centre - at(x - step)) / step, (at(x + step) - centre) / step];
  });
}

function expectSlopes(gradient: Float32Array | undefined, slopes: readonly [number, number][]): void {
  if (gradient === undefined) throw new Error('expected a gradient, got none');
  expect(gradient.length).toBe(slopes.length);
  // Where the two sides differ, the step crosses a kink: another pair, another S.
  const smooth = slopes.flatMap(([left, right], i) =>
    Math.abs(left - right) < 1e-2 * (1 + Math.abs(gradient[i])) ? [i] : [],
  );
  expect(smooth.length / slopes.length).toBeGreaterThan(0.9);
  for (const i of smooth) {
    const central = (slopes[i][0] + slopes[i][1]) / 2;
    expect(Math.abs(central - gradient[i])).toBeLessThan(2e-5 * (1 + Math.abs(central)));
  }
}

/** A random order of the images; `kept`: those of one class stay in their order. */
function drawOrder(labels: readonly number[], kept: boolean, random: Random): number[] {
  const order = random.shuffle(labels.map((_, i) => i));
  if (!kept) return order;
  const next = new Map<number, number[]>();
  for (const [i, label] of labels.entries()) next.set(label, [...(next.get(label) ?? []), i]);
  return order.map(i => next.get(labels[i])?.shift() as number);
}

const reordered = ({ batch, labels, classVectors }: Given, order: readonly number[]): Given => {
  const rows = rowsOf(batch);
  return { batch: blockOf(order.map(i => rows[i])), labels: order.map(i => labels[i]), classVectors };
};

const isClose = (actual: readonly number[], expected: readonly number[]): boolean =>
  actual.length === expected.length &&
  actual.every((value, i) => Math.abs(value - expected[i]) < 1e-5 * (1 + Math.abs(expected[i])));

describe.each(titled)('the loss %s', (_, loss, options) => {
  const seeds = [0, 1, 2, 3].map(trial => `${loss.name}/${JSON.stringify(options)}/${trial}`);

  it('equals its naive twin on random batches', () => {
    for (const seed of seeds) {
      for (const shape of [
        { count: 12, classes: 4, dimension: 5 },
        { count: 17, classes: 8, dimension: 3 },
      ]) {
        const given = randomGiven(seed, shape);
        expect(evaluate(loss, options, given).value).toBeCloseTo(evaluateNaively(loss, options, given), 7);
      }
    }
  });

  it('has the gradient of finite differences', () => {
    for (const seed of seeds) {
      const { batch, labels, classVectors } = randomGiven(seed, { count: 12, classes: 4, dimension: 5 });
      const given = { labels, batch: inDouble(batch), classVectors: inDouble(classVectors) };
      const { gradient, classGradient, value } = evaluate(loss, options, given);
      expect(value).toBeGreaterThan(0);
      expect(gradient.some(slope => slope !== 0)).toBe(true);
      const valueNow = (): number => evaluate(loss, options, given).value;
      expectSlopes(gradient, oneSidedSlopes(given.batch.data, valueNow));
      if (loss.create(loss.options.parse(options)).classVectors === undefined) {
        expect(classGradient).toBeUndefined();
      } else {
        expect(classGradient?.some(slope => slope !== 0)).toBe(true);
        expectSlopes(classGradient, oneSidedSlopes(given.classVectors.data, valueNow));
      }
    }
  });

  it('does not depend on the order of the batch', () => {
    const orders = Array.from({ length: 12 }, (_, trial) => `${seeds[0]}/order/${trial}`);
    const same = orders.filter(seed => {
      const given = randomGiven(seed, { count: 16, classes: 5, dimension: 6 });
      const order = drawOrder(given.labels, minding.has(loss.name), createRandom(seed));
      const before = evaluate(loss, options, given);
      const after = evaluate(loss, options, reordered(given, order));
      return isClose(
        [after.value, ...after.gradient, ...(after.classGradient ?? [])],
        [
          before.value,
          ...order.flatMap(i => rowsOf({ ...given.batch, data: before.gradient })[i]),
          ...(before.classGradient ?? []),
        ],
      );
    });
    expect(same.length).toBeGreaterThanOrEqual(tying.has(loss.name) ? 0.6 * orders.length : orders.length);
  });

  it('takes class numbers as names, and as rows of the class vectors', () => {
    const given = randomGiven(seeds[0], { count: 14, classes: 5, dimension: 4 });
    const names = createRandom('names').shuffle(Array.from({ length: allClasses }, (_, c) => c));
    const rows = rowsOf(given.classVectors);
    const renamed = {
      batch: given.batch,
      labels: given.labels.map(label => names[label]),
      classVectors: blockOf(names.map((_, c) => rows[names.indexOf(c)])),
    };
    expect(evaluate(loss, options, renamed).value).toBeCloseTo(evaluate(loss, options, given).value, 9);
  });

  it.each(Object.entries({ ...degenerate, ...extreme }))('stays finite for %s', (title, given) => {
    const { value, gradient, classGradient, terms } = evaluate(loss, options, given);
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(gradient).toHaveLength(given.batch.data.length);
    for (const numbers of [gradient, classGradient ?? [], Object.values(terms)])
      for (const number of numbers) expect(number).toSatisfy(Number.isFinite);
    if (title in degenerate) expect(value).toBeCloseTo(evaluateNaively(loss, options, given), 9);
  });
});

describe.each(losses.map(loss => [loss.name, loss] as const))('the loss %s', (name, loss) => {
  it.each((lossCases[name] ?? []).map(given => [JSON.stringify(given.options), given] as const))(
    'has the value worked out by hand with %s',
    (_, { options, points, labels, classVectors, expected, terms }) => {
      const given = givenOf(points, labels);
      const vectors = classVectors === undefined ? given.classVectors : blockOf(classVectors);
      const result = evaluate(loss, options, { ...given, classVectors: vectors });
      expect(result.value).toBeCloseTo(expected, 6);
      for (const [term, worked] of Object.entries(terms ?? {}))
        expect(result.terms[term], term).toBeCloseTo(worked, 6);
    },
  );

  it.each(Object.entries(documented[name] ?? {}))('has its documented value for %s', (title, expected) => {
    expect(evaluate(loss, {}, degenerate[title]).value).toBeCloseTo(expected, 6);
  });

  it('brings a case worked out by hand and a naive twin', () => {
    expect(lossCases[name]?.length).toBeGreaterThan(0);
    expect(naiveLosses[name]).toBeDefined();
    expect(documented[name]).toBeDefined();
  });

  it('describes itself, its options and its terms', () => {
    expect(loss.summary).not.toBe('');
    const { shape } = loss.options as z.ZodObject;
    for (const [option, schema] of Object.entries(shape)) expect(schema.description, option).toBeTruthy();
    const { terms } = evaluate(loss, {}, randomGiven(name, { count: 8, classes: 3, dimension: 3 }));
    expect(Object.keys(terms)).toEqual(Object.keys(loss.terms));
  });

  it('refuses an option it does not know', () => {
    expect(() => loss.options.parse({ margni: 1 })).toThrow(/margni/);
  });
});

it('only the N-pair loss takes embeddings that are not normalised', () => {
  const raw = losses.filter(loss => !loss.create(loss.options.parse({})).normalised);
  expect(raw.map(({ name }) => name)).toEqual(['n-pair']);
});
