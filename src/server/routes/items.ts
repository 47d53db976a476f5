import {
  addItems,
  deleteItem,
  deleteItems,
  getItem,
  getItemImage,
  getItemThumbnail,
  listItems,
  updateItem,
} from '../../api/operations/items.js';
import { compileItemFilter } from '../../catalog/compile-item-filter.js';
import { MedoidError } from '../../errors.js';
import { addPictures } from '../add-pictures.js';
import { answerBytes } from '../answer-bytes.js';
import { type Answer, type Call, type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

async function remove(
  { params, readJson }: Call<typeof deleteItems>,
  { gallery }: RouteParts,
): Promise<Answer> {
  const collection = await gallery.collection(params.name);
  const which = await readJson();
  if ('ids' in which) return { json: await collection.removeItems(which.ids) };
  if ('keys' in which) return { json: await collection.removeByKeys(which.keys) };
  return { json: await collection.removeMatching(compileItemFilter(which.filter)) };
}

/** What a client takes best of what there is; JPEG when it does not care. */
function chooseFormat(call: Call<typeof getItemImage>): 'jpeg' | 'webp' | 'png' {
  const accepted = call.request.accepts(['image/jpeg', 'image/webp', 'image/png']);
  if (accepted === 'image/webp') return 'webp';
  return accepted === 'image/png' ? 'png' : 'jpeg';
}

export const createItemRoutes = (parts: RouteParts): Route[] => {
  const { gallery } = parts;
  return [
    route(listItems, async ({ params, query: { limit, after, key, filter } }) => {
      const collection = await gallery.collection(params.name);
      const conditions = [
        ...(key === undefined ? [] : [{ field: 'key' as const, equals: key }]),
        ...(filter === undefined ? [] : [filter]),
      ];
      const where = conditions.length === 0 ? {} : { where: compileItemFilter({ and: conditions }) };
      return { json: collection.listItems({ afterId: after, limit, ...where }) };
    }),
    route(addItems, call => addPictures(call, parts)),
    route(deleteItems, call => remove(call, parts)),
    route(getItem, async ({ params }) => ({
      json: (await gallery.collection(params.name)).getItem(params.id),
    })),
    route(updateItem, async ({ params, readJson }) => {
      const collection = await gallery.collection(params.name);
      return { json: await collection.updateItem(params.id, await readJson()) };
    }),
    route(deleteItem, async ({ params: { name, id } }) => {
      const { removed } = await (await gallery.collection(name)).removeItems([id]);
      if (removed === 1) return { status: 204 };
      throw new MedoidError('not-found', `${name} has no item ${id}`);
    }),
    route(getItemImage, async call => {
      const { name, id } = call.params;
      const collection = await gallery.collection(name);
      const format = chooseFormat(call);
      return answerBytes(call.request, call.response, {
        tag: `${collection.getItem(id).imageSha256}-${format}`,
        type: `image/${format}`,
        filename: `item-${id}.${format}`,
        read: () => collection.renderImage(id, { format }, call.signal),
      });
    }),
    route(getItemThumbnail, async ({ params: { name, id }, query: { side }, request, response, signal }) => {
      const collection = await gallery.collection(name);
      const format = request.accepts(['image/jpeg', 'image/webp']) === 'image/webp' ? 'webp' : 'jpeg';
      return answerBytes(request, response, {
        tag: `${collection.getItem(id).imageSha256}-${side}-${format}`,
        type: `image/${format}`,
        filename: `item-${id}-${side}.${format}`,
        read: () => collection.renderImage(id, { side, format }, signal),
      });
    }),
  ];
};
