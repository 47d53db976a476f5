/**
 * Gradients of convolution and max pooling for the WebAssembly backend, as compositions of its fast kernels (conv2d,
 * matMul, pad, maxPool) or as plain loops. It ships none for the filter, one for the input that is an order of
 * magnitude slower than these, and one for max pooling that loses the windows without a positive value.
 * Tensors are NHWC, filters [height, width, in, out]; only square strides and dilation 1 are meant.
 */
import { depthwiseFilterGradient } from './depthwise-filter-gradient.js';
import { maxPoolGradient } from './max-pool-gradient.js';
import { tf } from './tf.js';

interface Geometry {
  readonly stride: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly padding: { readonly top: number; readonly left: number };
}

type Shape4D = [number, number, number, number];
type Strides = [number, number] | number;
type Padding = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;

interface GradientAttributes {
  readonly strides: Strides;
  readonly pad: Padding;
  readonly dataFormat?: string;
  readonly dilations?: Strides;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function geometryOf(
  input: Shape4D,
  filter: Shape4D,
  attributes: GradientAttributes,
  depthwise: boolean,
): Geometry {
  const { strides, pad, dimRoundingMode, dataFormat, dilations = 1 } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    input,
    filter,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    depthwise,
  );
  const dilated = info.dilationHeight !== 1 || info.dilationWidth !== 1;
  if (
    info.strideHeight !== info.strideWidth ||
    dilated ||
    (dataFormat !== undefined && dataFormat !== 'NHWC')
  ) {
    throw new Error('wasm convolution gradients expect NHWC, equal strides and dilation 1');
  }
  return {
    stride: info.strideHeight,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    padding: info.padInfo,
  };
}

/** Every stride-th pixel from the top left; a 1×1 max pooling is the backend's fastest way. */
const subsample = (x: tf.Tensor4D, stride: number): tf.Tensor4D =>
  stride === 1 ? x : tf.maxPool(x, 1, stride, 'valid');

/** Pads or cuts to rows [top, top + height) and columns [left, left + width); outside is zero. */
function windowOf(x: tf.Tensor4D, [top, left, height, width]: Shape4D): tf.Tensor4D {
  const [batch, h, w, channels] = x.shape;
  if (top === 0 && left === 0 && height === h && width === w) return x;
  const padded = tf.pad(x, [
    [0, 0],
    [Math.max(0, -top), Math.max(0, top + height - h)],
    [Math.max(0, -left), Math.max(0, left + width - w)],
    [0, 0],
  ]);
  const unchanged = padded.shape[1] === height && padded.shape[2] === width;
  if (unchanged) return padded;
  return tf.slice(padded, [0, Math.max(0, top), Math.max(0, left), 0], [batch, height, width, channels]);
}

/**
 * ∂/∂filter: with channels as the batch and the batch as channels, a dilated convolution of x by dy.
 * @param x [n, h, w, in] @param dy [n, oh, ow, out] @returns [fh, fw, in, out]
 */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  const inChannels = x.shape[3];
  const outChannels = dy.shape[3];
  if (g.filterHeight === 1 && g.filterWidth === 1) {
    const rows = tf.reshape(subsample(x, g.stride), [-1, inChannels]);
    const product = tf.matMul(tf.transpose(rows), tf.reshape(dy, [-1, outChannels]));
    return tf.reshape(product, [1, 1, inChannels, outChannels]);
  }
  const height = (g.outHeight - 1) * g.stride + g.filterHeight;
  const width = (g.outWidth - 1) * g.stride + g.filterWidth;
  const window = windowOf(x, [-g.padding.top, -g.padding.left, height, width]);
  const images = tf.transpose(window, [3, 1, 2, 0]); // [in, h', w', n]
  const filters = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D; // [oh, ow, n, out]
  const gradient = tf.conv2d(images as tf.Tensor4D, filters, 1, 'valid', 'NHWC', g.stride); // [in, fh, fw, out]
  return tf.transpose(gradient, [1, 2, 0, 3]);
}

/** Depth to space, [n, h, w, s·s·c] → [n, h·s, w·s, c], by a transposition: faster than the kernel of that name. */
function weave(x: tf.Tensor4D, stride: number): tf.Tensor4D {
  if (stride === 1) return x;
  const [batch, height, width, depth] = x.shape;
  const rows = tf.reshape(x, [batch * height, width, stride, depth / stride]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [
    batch,
    height * stride,
    width * stride,
    depth / (stride * stride),
  ]);
}

/**
 * The filter for `inputGradient`: for each of the stride² phases of an input pixel, the taps that reach it, in space
 * reversed, channels swapped: [taps, taps, out, stride·stride·in]. Small, so it is built by hand.
 */
function phaseFilter(filter: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  const { stride } = g;
  const [fh, fw, inChannels, outChannels] = filter.shape;
  const tapsY = Math.ceil(fh / stride);
  const tapsX = Math.ceil(fw / stride);
  const source = filter.dataSync();
  const columns = stride * stride * inChannels;
  const target = new Float32Array(tapsY * tapsX * outChannels * columns);
  for (let y = 0; y < fh; y++) {
    const tapY = tapsY - 1 - Math.floor(y / stride);
    for (let x = 0; x < fw; x++) {
      const tapX = tapsX - 1 - Math.floor(x / stride);
      const phase = (y % stride) * stride + (x % stride);
      for (let i = 0; i < inChannels; i++) {
        const from = ((y * fw + x) * inChannels + i) * outChannels;
        const to = (tapY * tapsX + tapX) * outChannels * columns + phase * inChannels + i;
        for (let o = 0; o < outChannels; o++) target[to + o * columns] = source[from + o];
      }
    }
  }
  return tf.tensor4d(target, [tapsY, tapsX, outChannels, columns]);
}

/**
 * ∂/∂input: one stride-1 convolution of dy that answers all stride × stride phases of the input as channels, which
 * are then woven into pixels. No zero-stuffing, so stride 2 costs 16 taps for 3×3 instead of 36.
 * @param dy [n, oh, ow, out] @param filter [fh, fw, in, out] @returns [n, h, w, in]
 */
function inputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  [inputShape, g]: [Shape4D, Geometry],
): tf.Tensor4D {
  const [, height, width, inChannels] = inputShape;
  const { stride } = g;
  if (g.filterHeight === 1 && g.filterWidth === 1 && stride === 1) {
    const [, , , outChannels] = filter.shape;
    const swapped = tf.transpose(tf.reshape(filter, [inChannels, outChannels]));
    return tf.reshape(tf.matMul(tf.reshape(dy, [-1, outChannels]), swapped), inputShape);
  }
  const phases = phaseFilter(filter, g);
  const [tapsY, tapsX] = phases.shape;
  // Row r of the result holds input rows r·stride + phase − padding; it sums dy rows r − taps + 1 … r.
  const top = Math.floor(g.padding.top / stride);
  const left = Math.floor(g.padding.left / stride);
  const rows = Math.ceil((height + g.padding.top) / stride) - top;
  const columns = Math.ceil((width + g.padding.left) / stride) - left;
  const window = windowOf(dy, [top + 1 - tapsY, left + 1 - tapsX, rows + tapsY - 1, columns + tapsX - 1]);
  const phased = tf.conv2d(window, phases, 1, 'valid'); // [n, rows, columns, stride·stride·in]
  return windowOf(weave(phased, stride), [
    g.padding.top - top * stride,
    g.padding.left - left * stride,
    height,
    width,
  ]);
}

function requireMultiplierOne(filterShape: Shape4D): void {
  if (filterShape[3] !== 1) {
    throw new Error(`wasm depthwise gradients expect a channel multiplier of 1, got ${filterShape[3]}`);
  }
}

/** ∂/∂input of a depthwise convolution: dy spread with zeros, convolved by the reversed filter. */
function depthwiseInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  [inputShape, g]: [Shape4D, Geometry],
): tf.Tensor4D {
  const [batch, height, width, channels] = inputShape;
  const { stride } = g;
  const [, outHeight, outWidth] = dy.shape;
  const zeros = tf.zeros([batch, outHeight, outWidth, channels * (stride * stride - 1)]) as tf.Tensor4D;
  const spread = stride === 1 ? dy : weave(tf.concat([dy, zeros], 3), stride);
  const reversed = tf.reverse(filter, [0, 1]);
  const window = windowOf(spread, [
    g.padding.top - g.filterHeight + 1,
    g.padding.left - g.filterWidth + 1,
    height + g.filterHeight - 1,
    width + g.filterWidth - 1,
  ]);
  return tf.depthwiseConv2d(window, reversed, 1, 'valid');
}

const replaceKernel = (
  kernelName: string,
  compute: (inputs: KernelInputs, attributes: KernelAttributes) => tf.Tensor,
) => {
  if (tf.getKernel(kernelName, 'wasm') !== undefined) tf.unregisterKernel(kernelName, 'wasm');
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) =>
    tf.tidy(() => compute(inputs as unknown as KernelInputs, attrs as unknown as KernelAttributes));
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
};

const valuesOf = (x: tf.Tensor): Float32Array => x.dataSync<'float32'>();
const imagesOf = (x: tf.Tensor4D) => ({ data: valuesOf(x), shape: x.shape });

interface KernelInputs {
  readonly x: tf.Tensor4D;
  readonly input: tf.Tensor4D;
  readonly output: tf.Tensor4D;
  readonly dy: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
}

interface KernelAttributes extends GradientAttributes {
  readonly filterShape: Shape4D;
  readonly inputShape: Shape4D;
  readonly filterSize: Strides;
}

/**
 * A clone shares its memory, as a reshaped tensor does; the kernel that is shipped copies it, and every tensor that the
 * backward pass will need is cloned. No kernel writes to what it is given.
 */
function shareMemoryOfClones(): void {
  tf.unregisterKernel('Identity', 'wasm');
  const kernelFunc: tf.KernelFunc = ({ inputs: { x }, backend }) => {
    (backend as tf.KernelBackend).incRef((x as tf.TensorInfo).dataId);
    const { dataId, shape, dtype } = x as tf.TensorInfo;
    return { dataId, shape, dtype };
  };
  tf.registerKernel({ kernelName: 'Identity', backendName: 'wasm', kernelFunc });
}

/** Registers the five gradient kernels for the wasm backend; calling it again changes nothing. */
export function registerWasmGradientKernels(): void {
  shareMemoryOfClones();
  replaceKernel('Conv2DBackpropFilter', ({ x, dy }, attributes) =>
    filterGradient(x, dy, geometryOf(x.shape, attributes.filterShape, attributes, false)),
  );
  replaceKernel('Conv2DBackpropInput', ({ dy, filter }, attributes) =>
    inputGradient(dy, filter, [
      attributes.inputShape,
      geometryOf(attributes.inputShape, filter.shape, attributes, false),
    ]),
  );
  replaceKernel('DepthwiseConv2dNativeBackpropFilter', ({ x, dy }, attributes) => {
    requireMultiplierOne(attributes.filterShape);
    const geometry = geometryOf(x.shape, attributes.filterShape, attributes, true);
    const gradient = depthwiseFilterGradient(imagesOf(x), imagesOf(dy), geometry);
    return tf.tensor(gradient, attributes.filterShape);
  });
  replaceKernel('DepthwiseConv2dNativeBackpropInput', ({ dy, filter }, attributes) => {
    requireMultiplierOne(filter.shape);
    const geometry = geometryOf(attributes.inputShape, filter.shape, attributes, true);
    return depthwiseInputGradient(dy, filter, [attributes.inputShape, geometry]);
  });
  replaceKernel('MaxPoolGrad', ({ input, output, dy }, { filterSize, strides, pad, dimRoundingMode }) => {
    const g = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad, dimRoundingMode);
    const values = { input: valuesOf(input), output: valuesOf(output), dy: valuesOf(dy) };
    return tf.tensor(maxPoolGradient(values, g), input.shape);
  });
}
