/**
 * Convolutions and their gradients in the blocked layout that ONNX Runtime's own optimiser uses for constant filters
 * (domain com.microsoft.nchwc): images [n, c, h, w] lie in memory as [n, c / block, h, w, block], filters
 * [out, in, fh, fw] as [out / block, in / block, fh, fw, block of in, block of out]. Its kernels are several times
 * faster than those for plain layout, and take filters that change with each step where the optimiser would not.
 */
import type { OnnxNode } from '../onnx-format.js';
import type { GraphWriter } from './graph-writer.js';

/** Images as a layer sees them. */
export interface ImageShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** One axis of a convolution: `filter` taps over `input` pixels with `before` zeros ahead give `output` pixels. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  readonly before: number;
}

export interface Convolution {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly vertical: Axis;
  readonly horizontal: Axis;
}

const axesOf = ({ vertical, horizontal }: Convolution): readonly [Axis, Axis] => [vertical, horizontal];

/** Zeros behind the input that an axis reads, never less than none. */
const after = ({ input, output, filter, stride, before }: Axis): number =>
  Math.max(0, (output - 1) * stride + filter - input - before);

const padsOf = (axes: readonly { before: number; after: number }[]): number[] => [
  ...axes.map(axis => axis.before),
  ...axes.map(axis => axis.after),
];

/** Operators on blocks of `block` channels. */
export class BlockedOperators {
  constructor(
    private readonly write: GraphWriter,
    readonly block: number,
  ) {}

  /** Whether so many channels are in blocks, and not in plain layout as those of a picture are. */
  isBlocked(channels: number): boolean {
    return channels >= this.block;
  }

  /** @param x [n, c, h, w] plain @returns blocked */
  enter(x: string): string {
    return this.write.blocked('ReorderInput', [x]);
  }

  /**
   * @param x [n, in, h, w], plain where it has fewer channels than a block @param filter [fh, fw, in, out]
   * @returns [n, out, oh, ow]
   */
  convolve(x: string, filter: string, convolution: Convolution): string {
    const { write, block } = this;
    const { inChannels, outChannels, vertical, horizontal } = convolution;
    const taps = [vertical.filter, horizontal.filter];
    const outputs = [outChannels / block, block];
    const arranged = this.isBlocked(inChannels)
      ? write.transpose(
          write.reshape(filter, [...taps, inChannels / block, block, ...outputs]),
          [4, 2, 0, 1, 3, 5],
        )
      : write.transpose(write.reshape(filter, [...taps, inChannels, ...outputs]), [3, 2, 0, 1, 4]);
    const axes = axesOf(convolution);
    return this.run(x, write.reshape(arranged, [outChannels, inChannels, ...taps]), {
      taps,
      strides: axes.map(axis => axis.stride),
      pads: padsOf(axes.map(axis => ({ before: axis.before, after: after(axis) }))),
    });
  }

  /** y = x·scale + shift per channel, and + `sum`, and none below 0: one pass. @param scale [c] @param shift [c] */
  affine(
    x: string,
    { scale, shift = '', sum }: { scale: string; shift?: string; sum?: string | undefined },
    { channels, relu = false }: { channels: number; relu?: boolean },
  ): string {
    const added = sum === undefined ? [] : [sum];
    return this.perChannel([x, scale, shift, ...added], channels, relu ? { activation: 'Relu' } : {});
  }

  /** A convolution of one pixel and as many groups as channels. @param inputs x, scale [c], shift [c], sum */
  private perChannel(
    [x, scale, ...others]: readonly string[],
    channels: number,
    attributes: OnnxNode['attributes'],
  ): string {
    const filter = this.write.reshape(scale, [channels, 1, 1, 1]);
    return this.write.blocked('Conv', [x, filter, ...others], {
      ...{ kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: channels },
      ...attributes,
    });
  }

  /** 1 where x is above 0, else 0: its sign, an order of magnitude faster than the operator of that name. @param x [n, c, h, w], nowhere below 0 */
  positive(x: string, { channels }: { channels: number }): string {
    const { write } = this;
    const scale = write.node('Expand', [write.scalar(1e30), write.integers([channels])]);
    return this.perChannel([x, scale], channels, {
      activation: 'Clip',
      activation_params: Float32Array.of(0, 1),
    });
  }

  /** Means over the batch and over space: [c]. */
  channelMeans(x: string, { channels }: { channels: number }): string {
    return this.write.node('ReduceMean', [this.imageMeans(x, { channels })], { axes: [0], keepdims: 0 });
  }

  /** Means over space: [n, c]. */
  imageMeans(x: string, { channels }: { channels: number }): string {
    return this.write.reshape(this.write.blocked('GlobalAveragePool', [x]), [-1, channels]);
  }

  /** @param rows [n, c] @returns [n, c, h, w], the same at every pixel */
  spread(rows: string, { batch, height, width, channels }: ImageShape): string {
    const { write, block } = this;
    const pixels = [batch, channels / block, height * width, block];
    const expanded = write.node('Expand', [
      write.reshape(rows, [batch, channels / block, 1, block]),
      write.integers(pixels),
    ]);
    return write.reshape(expanded, [batch, channels, height, width]);
  }

  /**
   * ∂/∂input: one convolution of dy of stride 1 that answers all stride × stride phases of the input as channels,
   * which are then woven into pixels.
   * @param dy [n, out, oh, ow] @param filter [fh, fw, in, out] @param sum added to it, if given
   * @returns [n, in, h, w]
   */
  inputGradient(dy: string, filter: string, convolution: Convolution, sum?: string): string {
    const { write, block } = this;
    const { batch, inChannels, outChannels, vertical, horizontal } = convolution;
    const { stride } = vertical;
    const [y, x] = [vertical, horizontal].map(axis => {
      const taps = Math.ceil(axis.filter / stride);
      const first = Math.floor(axis.before / stride);
      const count = Math.ceil((axis.input + axis.before) / stride) - first;
      const before = taps - 1 - first;
      return {
        taps,
        count,
        skipped: axis.before - first * stride,
        before,
        after: count + taps - 1 - axis.output - before,
      };
    });
    // Tap t of phase p reads what filter row t·stride + p wrote; in reverse, as a convolution goes.
    const whole = write.node('Pad', [
      filter,
      write.integers([
        0,
        0,
        0,
        0,
        y.taps * stride - vertical.filter,
        x.taps * stride - horizontal.filter,
        0,
        0,
      ]),
    ]);
    const phased = write.reshape(whole, [
      ...[y.taps, stride, x.taps, stride],
      ...[inChannels / block, block, outChannels / block, block],
    ]);
    const farEnd = -(2 ** 31);
    const reversed = write.node('Slice', [
      phased,
      ...[
        [-1, -1],
        [farEnd, farEnd],
        [0, 2],
        [-1, -1],
      ].map(values => write.integers(values)),
    ]);
    const arranged = write.transpose(reversed, [1, 3, 4, 6, 0, 2, 7, 5]);
    const phases = stride * stride * inChannels;
    const found = this.run(
      dy,
      write.reshape(arranged, [phases, outChannels, y.taps, x.taps]),
      { taps: [y.taps, x.taps], strides: [1, 1], pads: padsOf([y, x]) },
      stride === 1 ? sum : undefined,
    );
    if (stride === 1) return found;
    const apart = write.reshape(found, [batch, stride, stride, inChannels / block, y.count, x.count, block]);
    const woven = write.reshape(write.transpose(apart, [0, 3, 4, 1, 5, 2, 6]), [
      ...[batch, inChannels / block, y.count * stride, x.count * stride, block],
    ]);
    const fits =
      y.skipped + x.skipped === 0 &&
      y.count * stride === vertical.input &&
      x.count * stride === horizontal.input;
    const cut = fits
      ? woven
      : write.node('Slice', [
          woven,
          write.integers([y.skipped, x.skipped]),
          write.integers([y.skipped + vertical.input, x.skipped + horizontal.input]),
          write.integers([2, 3]),
        ]);
    const gradient = write.reshape(cut, [batch, inChannels, vertical.input, horizontal.input]);
    return write.add(gradient, sum);
  }

  /**
   * ∂/∂filter: with channels as the batch and the batch as channels, a dilated convolution of x by dy.
   * @param x as `convolve` took it @param dy [n, out, oh, ow] @returns [fh, fw, in, out]
   */
  filterGradient(x: string, dy: string, convolution: Convolution): string {
    const { write, block } = this;
    const { inChannels, outChannels, vertical, horizontal } = convolution;
    const batch = Math.ceil(convolution.batch / block) * block;
    const isWhole = batch === convolution.batch;
    const fill = (images: string): string =>
      isWhole
        ? images
        : write.node('Pad', [images, write.integers([0, 0, 0, 0, batch - convolution.batch, 0, 0, 0])]);
    const pixels = vertical.output * horizontal.output;
    const filters = write.transpose(
      write.reshape(fill(dy), [batch / block, block, outChannels / block, pixels, block]),
      [2, 0, 3, 1, 4],
    );
    const taps = [vertical.output, horizontal.output];
    const axes = axesOf(convolution).map(axis => {
      const covered = (axis.output - 1) * axis.stride + 1;
      const end = Math.max(0, axis.filter + covered - 1 - axis.input - axis.before);
      return { before: axis.before, after: end, found: axis.input + axis.before + end - covered + 1 };
    });
    const found = this.run(
      this.swapBatch(fill(x), { ...convolution, batch }),
      write.reshape(filters, [outChannels, batch, ...taps]),
      { taps, strides: [1, 1], dilations: axesOf(convolution).map(axis => axis.stride), pads: padsOf(axes) },
    );
    const [rows, columns] = axes.map(axis => axis.found);
    const apart = write.reshape(found, [inChannels, outChannels / block, rows, columns, block]);
    const gradient = write.transpose(apart, [2, 3, 0, 1, 4]);
    const fits = rows === vertical.filter && columns === horizontal.filter;
    const cut = fits
      ? gradient
      : write.node('Slice', [
          gradient,
          write.integers([0, 0]),
          write.integers([vertical.filter, horizontal.filter]),
          write.integers([0, 1]),
        ]);
    return write.reshape(cut, [vertical.filter, horizontal.filter, inChannels, outChannels]);
  }

  /** [n, c, h, w] → [c, n, h, w], in blocks of n. */
  private swapBatch(x: string, { inChannels }: Convolution): string {
    const { write } = this;
    const plain = this.isBlocked(inChannels)
      ? write.blocked('ReorderOutput', [x], { channels: inChannels })
      : x;
    return this.enter(write.transpose(plain, [1, 0, 2, 3]));
  }

  private run(
    x: string,
    filter: string,
    how: { taps: number[]; strides: number[]; dilations?: number[]; pads: number[] },
    sum?: string,
  ): string {
    const { taps, strides, dilations = [1, 1], pads } = how;
    return this.write.blocked('Conv', [x, filter, ...(sum === undefined ? [] : ['', sum])], {
      ...{ kernel_shape: taps, strides, dilations, pads, group: 1 },
    });
  }
}
