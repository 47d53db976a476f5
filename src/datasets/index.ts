import { cars196 } from './cars196.js';
import { classFolders } from './class-folders.js';
import { csv } from './csv.js';
import { cub2002011 } from './cub-200-2011.js';
import type { DatasetReader } from './dataset.js';
import { grocery } from './grocery.js';
import { inShop } from './in-shop.js';
import { omniglot } from './omniglot.js';
import { stanfordOnlineProducts } from './stanford-online-products.js';

/** Every layout that `--dataset` knows. */
export const datasets: readonly DatasetReader[] = [
  classFolders,
  csv,
  cub2002011,
  cars196,
  stanfordOnlineProducts,
  inShop,
  omniglot,
  grocery,
];
