/** A condition on rows of the table `items`, by that name, as SQL; values only ever as `?` parameters, in order. */
export interface ItemWhere {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
