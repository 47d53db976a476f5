/** One `medoid train` of the recipe; `{work}` in its options is the folder of the work, `{teacher}` the model that teaches. */
export interface Training {
  readonly name: string;
  readonly options: readonly string[];
}

/** Pixels a side of the pictures that the last steps, and who uses the model, look at. */
const servingSize = 96;

const size = (pixels: number): readonly string[] => [
  ...['--image-size', String(pixels), '--resize', String(pixels)],
];

const classification = [
  ...['--loss', 'normalised-softmax', '--loss-options', 'temperature=0.07', '--sampler', 'by-size'],
  ...['--teacher', '{teacher}', '--teacher-weight', '10', '--crop-scale', '0.4'],
  ...['--optimizer', 'adamw', '--weight-decay', '0.05'],
];

const network = ['--network', 'resnet', '--network-options', 'width=48'];

/**
 * First small pictures, then larger ones, then a head by the loss of the paper. How many steps was decided by the time there was:
 * each went on getting better.
 */
export const trainings: readonly Training[] = [
  {
    name: 'small',
    options: [
      ...[...network, ...size(48), ...classification, '--colour-jitter', '0.3', '--batch-size', '128'],
      ...['--learning-rate', '0.003', '--warmup-steps', '300', '--steps', '2900'],
    ],
  },
  {
    name: 'middle',
    options: [
      ...['--init', '{work}/small.training', ...size(64), ...classification],
      ...['--colour-jitter', '0.3', '--degraded-share', '0.1', '--batch-size', '192'],
      ...['--learning-rate', '0.002', '--warmup-steps', '30', '--steps', '900'],
    ],
  },
  {
    name: 'longer',
    options: [
      ...['--init', '{work}/middle.training', ...size(64), ...classification],
      ...['--colour-jitter', '0.1', '--degraded-share', '0.1', '--batch-size', '192'],
      ...['--learning-rate', '0.002', '--warmup-steps', '30', '--steps', '4200'],
    ],
  },
  {
    name: 'large',
    options: [
      ...['--init', '{work}/longer.training', ...size(servingSize), ...classification],
      ...['--colour-jitter', '0.1', '--degraded-share', '0.2', '--batch-size', '128'],
      ...['--learning-rate', '0.0015', '--warmup-steps', '30', '--steps', '3600'],
    ],
  },
  {
    name: 'general',
    options: [
      ...['--backbone', '{work}/large', '--loss', 'facility-location', '--optimizer', 'adamw'],
      ...['--learning-rate', '0.001', '--batch-size', '128', '--epochs', '5'],
    ],
  },
];

/** The network as it begins, to be measured beside what it became. */
export const untrained: Training = {
  name: 'untrained',
  options: [...network, ...size(servingSize), '--steps', '0'],
};
