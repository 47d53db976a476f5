/**
 * A condition on rows of the table `items` as SQL, with its columns named `items.…`; values only ever as `?` parameters,
 * in order.
 */
export interface ItemWhere {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
