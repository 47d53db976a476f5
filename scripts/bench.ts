import type { Benchmark } from './bench/benchmark.js';
import { churn, churnLarge } from './bench/churn.js';
import { cluster } from './bench/cluster.js';
import { evaluate } from './bench/evaluate.js';
import { loss } from './bench/loss.js';
import { losses } from './bench/losses.js';
import { train } from './bench/train.js';

const benchmarks: readonly Benchmark[] = [churn, churnLarge, cluster, evaluate, loss, losses, train];

const wanted = process.argv.slice(2);
const known = benchmarks.map(({ name }) => name);
const strange = wanted.find(name => !known.includes(name));
if (wanted.length === 0 || strange !== undefined) {
  process.stderr.write(`expected one or more of ${known.join(', ')}, got ${strange ?? 'nothing'}\n`);
  process.exitCode = 2;
} else {
  for (const { name, run } of benchmarks.filter(benchmark => wanted.includes(benchmark.name))) {
    process.stdout.write(`${name}\n`);
    await run(line => void process.stdout.write(`  ${line}\n`));
  }
}
