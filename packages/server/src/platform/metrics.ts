/** Prometheus metrics. Labels are closed sets of short words: never a file name, a list name, an address or an id. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export interface MetricOptions<Label extends string> {
  readonly name: `gatehouse_${string}`;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface Metrics {
  counter<Label extends string = never>(options: MetricOptions<Label>): { add(labels: Record<Label, string>, value?: number): void };
  histogram<Label extends string = never>(
    options: MetricOptions<Label> & { readonly buckets: readonly number[] },
  ): { observe(labels: Record<Label, string>, value: number): void };
  /** `read` is called at each scrape. */
  gauge(options: MetricOptions<never>, read: () => number | Promise<number>): void;
  /** The text exposition format. */
  render(): Promise<{ readonly body: string; readonly contentType: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'gatehouse_process_' });
  return {
    counter({ name, help, labels = [] }) {
      const counter = new Counter<string>({ name, help, labelNames: [...labels], registers: [registry] });
      return { add: (values, value = 1) => counter.inc(values, value) };
    },
    histogram({ name, help, labels = [], buckets }) {
      const histogram = new Histogram<string>({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });
      return { observe: (values, value) => histogram.observe(values, value) };
    },
    gauge({ name, help }, read) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          gauge.set(await read());
        },
      });
    },
    render: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };
}
