import { PassThrough } from 'node:stream';
import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { createBodyBudget } from '../../src/server/body-budget.js';

/** A request whose body is written by the test. */
function createBody(budget: ReturnType<typeof createBodyBudget>, weight = 1) {
  const stream = new PassThrough();
  let settle = (): void => undefined;
  const done = new Promise<void>(resolve => {
    settle = resolve;
  });
  let refusal: unknown;
  budget.charge(stream as unknown as Request, { weight, done }).catch(error => {
    refusal = error;
  });
  const send = async (bytes: number): Promise<unknown> => {
    stream.emit('data', Buffer.alloc(bytes));
    await new Promise(resolve => setImmediate(resolve));
    return refusal;
  };
  const end = async (): Promise<void> => {
    settle();
    await new Promise(resolve => setImmediate(resolve));
  };
  return { send, end };
}

const overloaded = expect.objectContaining({ code: 'overloaded' });

describe('the room for bodies', () => {
  const open = () => createBodyBudget({ maxBytes: 1000, smallBytes: 100 });

  it('is taken by what has come, not by what was announced', async () => {
    const budget = open();
    const idle = Array.from({ length: 50 }, () => createBody(budget));
    expect(await createBody(budget).send(900)).toBeUndefined();
    for (const body of idle) expect(await body.send(1)).toBeUndefined();
  });

  it('is refused to who takes more of it than there is, and free again when others are done', async () => {
    const budget = open();
    const [first, second] = [createBody(budget), createBody(budget)];
    expect(await first.send(700)).toBeUndefined();
    expect(await second.send(300)).toBeUndefined();
    expect(await second.send(1)).toEqual(overloaded);
    await second.end();
    expect(await createBody(budget).send(300)).toBeUndefined();
    await first.end();
    const third = createBody(budget);
    expect(await third.send(700)).toBeUndefined();
  });

  it('is always there for a small one, and for one alone', async () => {
    const budget = open();
    const large = createBody(budget);
    expect(await large.send(5000)).toBeUndefined();
    const small = createBody(budget);
    expect(await small.send(100)).toBeUndefined();
    expect(await small.send(1)).toEqual(overloaded);
  });

  it('counts what becomes several times as large in memory as such', async () => {
    const budget = open();
    await createBody(budget).send(100);
    const json = createBody(budget, 4);
    expect(await json.send(200)).toBeUndefined();
    expect(await json.send(50)).toEqual(overloaded);
  });
});
