// What an endpoint sent and received, as words and as the shape of a chart. Unknown is never said to be nothing. Pure.

import type { Counters, Sample } from "../api/client";

export type Way = "sent" | "received";

/** What a chart shows: so much before the newest sample. */
export const SPAN_S = 300;
export const CHART = { width: 300, height: 72 };
/** Below this part of its limit a rate is drawn without it: it would be a line on the ground. */
const NEAR = 0.1;

const UNITS = ["kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"] as const;

/** As in: 1.23 Mbit/s. */
export function rateWords(kbps: number): string {
  let unit = 0;
  let rate = kbps;
  while (rate >= 1000 && unit < UNITS.length - 1) {
    rate /= 1000;
    unit += 1;
  }
  return `${rate < 100 ? Number(rate.toPrecision(3)) : Math.round(rate)} ${UNITS[unit]}`;
}

const rateOf = (sample: Sample, way: Way) => (way === "sent" ? sample.sent_kbps : sample.received_kbps);

function limitOf({ limit }: Counters, way: Way): number | null {
  return (way === "sent" ? limit?.sent_kbps : limit?.received_kbps) ?? null;
}

/** The samples that a chart shows, each with when it begins and ends, in seconds before the newest (0). */
function spans(samples: Sample[], way: Way) {
  const newest = Date.parse(samples.at(-1)?.at ?? "");
  return samples
    .map((one) => {
      const end = (Date.parse(one.at) - newest) / 1000;
      return { begin: Math.max(end - one.seconds, -SPAN_S), end, kbps: rateOf(one, way) };
    })
    .filter(({ end }) => end > -SPAN_S);
}

/** As in: now 1.23 Mbit/s, at most 9.8 Mbit/s in 5 minutes; 98 % of its limit of 10 Mbit/s. */
export function measuredWords(found: Counters, way: Way): string {
  const shown = spans(found.samples, way);
  const newest = shown.at(-1);
  if (newest === undefined) return "no rate is known yet";
  const most = Math.max(...shown.map(({ kbps }) => kbps));
  const now = found.silent ? "unknown by now" : `now ${rateWords(newest.kbps)}`;
  const limit = limitOf(found, way);
  const share =
    limit === null ? "no limit" : `${Math.round((100 * most) / limit)} % of its limit of ${rateWords(limit)}`;
  return `${now}, at most ${rateWords(most)} in ${minutesWords(newest.end - (shown[0]?.begin ?? 0))}; ${share}`;
}

function minutesWords(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}

/** As in: 1.5 MB in 1,500 packets since it was plugged, 3 lost. */
export function sumWords(found: Counters, way: Way, size: (bytes: number) => string): string {
  const sum = found[way];
  if (sum === null) return "how much in all is unknown";
  const lost = sum.dropped === 0 ? "" : `, ${sum.dropped.toLocaleString()} lost by the switch`;
  return `${size(sum.bytes)} in ${sum.packets.toLocaleString()} packets since it was plugged${lost}`;
}

export interface Shape {
  /** The rates, as the path of a line; it breaks where nothing is known. */
  line: string;
  /** The same down to the ground. */
  area: string;
  /** How high the limit is; null where there is none, or it is far above. */
  limit: number | null;
  /** The rate at the top, in kbit/s. */
  top: number;
}

/** The chart of one way: a step for each sample, as wide as the time that it counts. */
export function shape(found: Counters, way: Way): Shape {
  const shown = spans(found.samples, way);
  const most = Math.max(0, ...shown.map(({ kbps }) => kbps));
  const limit = limitOf(found, way);
  const near = limit !== null && most >= NEAR * limit;
  const top = 1.1 * (near ? Math.max(most, limit) : most) || 1;
  const x = (second: number) => round(CHART.width * (1 + second / SPAN_S));
  const y = (kbps: number) => round(CHART.height * (1 - kbps / top));
  let line = "";
  let area = "";
  let before = Number.NEGATIVE_INFINITY;
  for (const { begin, end, kbps } of shown) {
    const broken = begin - before > 1;
    line += `${broken ? "M" : "L"}${x(begin)} ${y(kbps)}H${x(end)}`;
    if (broken) area += `${area === "" ? "" : `V${CHART.height}Z`}M${x(begin)} ${CHART.height}`;
    area += `V${y(kbps)}H${x(end)}`;
    before = end;
  }
  if (area !== "") area += `V${CHART.height}Z`;
  return { line, area, limit: near ? y(limit) : null, top };
}

const round = (value: number) => Math.round(value * 10) / 10;
