import { inceptionBn } from './inception-bn.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import type { NetworkDefinition } from './network.js';
import { resnet } from './resnet.js';
import { smallConv } from './small-conv.js';

/** Every network that `medoid train --network` knows. */
export const networks: readonly NetworkDefinition[] = [resnet, smallConv, mobilenetV2, inceptionBn];
