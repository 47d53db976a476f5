/** With the sets of vectors that it is and was searched in. */
export const collectionColumns = `SELECT collections.*, active.model_id, active.dimension,
  previous.model_id AS previous_model_id,
  (SELECT count(*) FROM items WHERE items.collection_id = collections.id) AS items
  FROM collections JOIN embedding_sets AS active ON active.id = active_set_id
  LEFT JOIN embedding_sets AS previous ON previous.id = previous_set_id`;

/** With the vector of the set that is searched. */
export const itemColumns = `SELECT items.*, vectors.id AS vector_id FROM items
  JOIN collections ON collections.id = items.collection_id
  JOIN vectors ON vectors.item_id = items.id AND vectors.set_id = active_set_id`;
