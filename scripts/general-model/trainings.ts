/** One `medoid train` of the recipe; `{work}` in its options is the folder of the work, `{teacher}` the model that teaches. */
export interface Training {
  readonly name: string;
  readonly options: readonly string[];
}

const optimiser = ['--optimizer', 'adamw', '--weight-decay', '0.05'];
const classification = [
  ...['--loss', 'normalised-softmax', '--loss-options', 'temperature=0.07', '--sampler', 'by-size'],
  ...['--teacher', '{teacher}', '--teacher-weight', '10', '--crop-scale', '0.4', '--colour-jitter', '0.3'],
];

/**
 * First small pictures, then larger ones, then a head by the loss of the paper. How many steps was decided by the time there was:
 * each went on getting better.
 */
export const trainings: readonly Training[] = [
  {
    name: 'small',
    options: [
      ...['--network', 'resnet', '--network-options', 'width=48', '--image-size', '48', '--resize', '48'],
      ...classification,
      ...optimiser,
      ...['--batch-size', '128', '--learning-rate', '0.003', '--warmup-steps', '300'],
      ...['--steps', '2900'],
    ],
  },
  {
    name: 'large',
    options: [
      ...['--init', '{work}/small.training', '--image-size', '64', '--resize', '64'],
      ...classification,
      ...optimiser,
      ...[
        '--degraded-share',
        '0.1',
        '--batch-size',
        '192',
        '--learning-rate',
        '0.002',
        '--warmup-steps',
        '30',
      ],
      ...['--steps', '900'],
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
