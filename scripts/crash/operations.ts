import type { AddAnswer, MedoidClient } from '../../src/client/medoid-client.js';
import { readProblem } from '../../src/client/problem-error.js';
import { addIntent, type Desk, type Draft, type Plan, type Server, sharedCollection } from './desk.js';
import { collectionThing, describeItem, itemThing } from './ledger.js';

/** Something a client can do; nothing while there is nothing to do it to. */
type Operation = (desk: Desk) => Promise<Plan | undefined>;

/** An answer that is a success in name only. */
function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected of an answer that ${what}`);
}

function noteAdded(
  desk: Desk,
  collection: string,
  drafts: readonly Draft[],
  { outcomes }: AddAnswer,
): undefined {
  expectThat(outcomes.length === drafts.length, 'it has an outcome for each picture');
  for (const [i, outcome] of outcomes.entries()) {
    const isDone = outcome.status !== 'failed' && outcome.item.imageSha256 === drafts[i].picture.sha256;
    expectThat(isDone, `${drafts[i].key} was added: ${JSON.stringify(outcome)}`);
    if (outcome.status !== 'failed') desk.parts.ids.note(itemThing(collection, outcome.key), outcome.item.id);
  }
}

const toJson = ({ picture, ...text }: Draft) => ({
  ...text,
  image: { base64: picture.bytes.toString('base64') },
});
const toPicture = ({ picture, ...text }: Draft) => ({ ...text, bytes: picture.bytes });

const targetOf = (desk: Desk): string =>
  desk.has(collectionThing(desk.sideCollection)) && desk.random.next() < 0.3
    ? desk.sideCollection
    : sharedCollection;

async function planAdd(
  desk: Desk,
  { what, count }: { readonly what: string; readonly count: number },
  send: (server: Server, collection: string, drafts: readonly Draft[]) => Promise<AddAnswer>,
): Promise<Plan> {
  const collection = targetOf(desk);
  const drafts = await desk.draft(collection, count);
  return {
    intent: addIntent(what, collection, drafts),
    send: async server => noteAdded(desk, collection, drafts, await send(server, collection, drafts)),
  };
}

const addOne: Operation = desk =>
  planAdd(desk, { what: 'upload', count: 1 }, ({ client }, collection, [draft]) =>
    client.uploadItems(collection, [toPicture(draft)]),
  );

/** The picture as the body itself, which the typed client has no method for. */
const addRaw: Operation = desk =>
  planAdd(
    desk,
    { what: 'body', count: 1 },
    async ({ url }, collection, [{ key, label, metadata, picture }]) => {
      const query = new URLSearchParams({ key, label, metadata: JSON.stringify(metadata) });
      const response = await fetch(`${url}/v1/collections/${collection}/items?${query}`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/jpeg' },
        body: new Uint8Array(picture.bytes),
      });
      if (!response.ok) throw await readProblem(response);
      return (await response.json()) as AddAnswer;
    },
  );

const addForm: Operation = desk =>
  planAdd(desk, { what: 'form', count: 2 + desk.random.integer(8) }, ({ client }, collection, drafts) =>
    client.uploadItems(collection, drafts.map(toPicture)),
  );

const addJson: Operation = desk =>
  planAdd(desk, { what: 'JSON', count: 2 + desk.random.integer(8) }, ({ client }, collection, drafts) =>
    client.addItems(collection, drafts.map(toJson)),
  );

const addLater: Operation = async desk => {
  const drafts = await desk.draft(sharedCollection, 10 + desk.random.integer(60));
  return {
    intent: addIntent('job', sharedCollection, drafts),
    async send({ client }) {
      const { id } = await client.addItemsLater(sharedCollection, drafts.map(toJson));
      return { job: id };
    },
  };
};

/** Other bytes, and other text, under the same key. */
const replace: Operation = async desk => {
  const owned = desk.own();
  if (owned.length === 0) return undefined;
  const { collection, key } = desk.pick(owned);
  const drafts = [{ key, picture: await desk.newPicture(), ...desk.newText() }];
  return {
    intent: addIntent('replacement', collection, drafts),
    send: async ({ client }) =>
      noteAdded(desk, collection, drafts, await client.uploadItems(collection, drafts.map(toPicture))),
  };
};

const patch: Operation = async desk => {
  const owned = desk.own();
  if (owned.length === 0) return undefined;
  const { collection, thing, label, metadata, imageSha256 } = desk.pick(owned);
  const change = { number: desk.random.integer(1000), patched: true };
  const to = describeItem({ label, metadata: { ...metadata, ...change }, imageSha256 });
  const id = desk.parts.ids.of(thing);
  return {
    intent: { what: `patch of ${thing}`, isAtomic: true, changes: [{ name: thing, to }] },
    async send({ client }) {
      expectThat(
        describeItem(await client.updateItem(collection, id, { metadata: change })) === to,
        'it is so',
      );
      return undefined;
    },
  };
};

interface Removal {
  readonly what: string;
  readonly things: readonly string[];
  send(client: MedoidClient): Promise<unknown>;
}

const planRemoval = (desk: Desk, { what, things, send }: Removal): Plan => ({
  intent: {
    what: `${what} of ${things.join(', ')}`,
    isAtomic: true,
    changes: things.map(name => ({ name, to: undefined })),
  },
  async send({ client }) {
    await send(client);
    for (const thing of things) desk.parts.ids.retire(thing);
    return undefined;
  },
});

const deleteOne: Operation = async desk => {
  const owned = desk.own();
  if (owned.length === 0) return undefined;
  const { collection, thing } = desk.pick(owned);
  const id = desk.parts.ids.of(thing);
  return planRemoval(desk, {
    what: 'deletion',
    things: [thing],
    send: client => client.deleteItem(collection, id),
  });
};

const deleteKeys: Operation = async desk => {
  const owned = desk.own().filter(({ collection }) => collection === sharedCollection);
  if (owned.length === 0) return undefined;
  const chosen = desk.random.shuffle(owned).slice(0, 1 + desk.random.integer(12));
  return planRemoval(desk, {
    what: 'deletion by key',
    things: chosen.map(({ thing }) => thing),
    async send(client) {
      const { removed } = await client.deleteItems(sharedCollection, { keys: chosen.map(({ key }) => key) });
      expectThat(removed === chosen.length, `${chosen.length} are removed, not ${removed}`);
    },
  });
};

const deleteBatch: Operation = async desk => {
  const owned = desk.own().filter(({ collection }) => collection === sharedCollection);
  if (owned.length === 0) return undefined;
  const { batch } = desk.pick(owned).metadata as { batch: string };
  const chosen = owned.filter(({ metadata }) => metadata.batch === batch);
  return planRemoval(desk, {
    what: 'deletion by filter',
    things: chosen.map(({ thing }) => thing),
    async send(client) {
      const filter = { field: 'metadata.batch' as const, equals: batch };
      const { removed } = await client.deleteItems(sharedCollection, { filter });
      expectThat(removed === chosen.length, `${chosen.length} are removed, not ${removed}`);
    },
  });
};

/** Makes a collection of its own, or deletes it with all that is in it. */
const turnCollection: Operation = async desk => {
  const name = desk.sideCollection;
  const thing = collectionThing(name);
  if (desk.has(thing)) {
    const inside = desk.own().filter(({ collection }) => collection === name);
    return planRemoval(desk, {
      what: 'deletion of a collection',
      things: [thing, ...inside.map(item => item.thing)],
      send: client => client.deleteCollection(name),
    });
  }
  return {
    intent: { what: `making of ${name}`, isAtomic: true, changes: [{ name: thing, to: 'there' }] },
    async send({ client }) {
      const [{ id: modelId }] = await client.listModels();
      await client.createCollection({ name, modelId });
      return undefined;
    },
  };
};

const [growing, shrinking, steady] = [
  [addOne, addRaw, addForm, addJson, addLater],
  [deleteOne, deleteKeys, deleteBatch],
  [replace, replace, patch, patch, turnCollection],
];

/** Chosen so that the client keeps about as many items as it is to. */
export async function planNext(desk: Desk): Promise<Plan> {
  const hasMany = desk.own().length > desk.target;
  const choices = [...(hasMany ? [...shrinking, ...shrinking] : growing), ...steady, deleteOne, addOne];
  for (;;) {
    const plan = await desk.pick(choices)(desk);
    if (plan !== undefined) return plan;
  }
}
