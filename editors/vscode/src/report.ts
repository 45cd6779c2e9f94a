/** The server's statistics as a page to read. */

export interface Trace {
  readonly source?: string;
  readonly total_ms?: number;
}

export interface Statistics {
  readonly engine?: string | null;
  readonly accepted?: number;
  readonly sources?: Readonly<Record<string, number>>;
  readonly recent?: readonly Trace[];
  readonly [key: string]: unknown;
}

/** A page: the main numbers in words, then everything the server told. */
export function report(statistics: Statistics): string {
  const recent = statistics.recent ?? [];
  const times = recent.map((trace) => trace.total_ms ?? 0).sort((one, other) => one - other);
  const sources = Object.entries(statistics.sources ?? {});
  const answers = sources.reduce((sum, [, count]) => sum + count, 0);
  const lines = [
    `engine    ${statistics.engine ?? "none"}`,
    `answers   ${answers}${sources.map(([name, count]) => `, ${count} ${name}`).join("")}`,
    `accepted  ${statistics.accepted ?? 0}`,
  ];
  if (times.length > 0) {
    const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1);
    lines.push(`latency   median ${at(0.5)} ms, p95 ${at(0.95)} ms, of the last ${times.length} answers`);
  }
  return `${lines.join("\n")}\n\n${JSON.stringify(statistics, undefined, 2)}\n`;
}
