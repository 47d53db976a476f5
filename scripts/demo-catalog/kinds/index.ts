import { backpack } from './backpack.js';
import { bottle } from './bottle.js';
import { camera } from './camera.js';
import { car } from './car.js';
import { chair } from './chair.js';
import { guitar } from './guitar.js';
import { handbag } from './handbag.js';
import { headphones } from './headphones.js';
import type { Kind } from './kind.js';
import { lamp } from './lamp.js';
import { mug } from './mug.js';
import { planter } from './planter.js';
import { shirt } from './shirt.js';
import { sneaker } from './sneaker.js';
import { teapot } from './teapot.js';
import { umbrella } from './umbrella.js';
import { watch } from './watch.js';

/** Product n is of kind n modulo their number: a new kind goes last, and gives every later product another kind. */
export const kinds: readonly Kind[] = [
  mug,
  sneaker,
  chair,
  handbag,
  bottle,
  watch,
  shirt,
  teapot,
  umbrella,
  backpack,
  car,
  headphones,
  guitar,
  planter,
  lamp,
  camera,
];
