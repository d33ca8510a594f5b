import { describe, expect, it } from "vitest";
import type { Counters } from "../api/client";
import { sizeWords } from "./hits";
import { CHART, measuredWords, rateWords, shape, sumWords } from "./rates";

const START = Date.parse("2026-11-28T09:00:00Z");
const count = (bytes: number) => ({ bytes, packets: bytes / 1000, dropped: 0 });

/** A sample of 5 s that ends `second` seconds after the start. */
const sample = (second: number, kbps: number) => ({
  at: new Date(START + second * 1000).toISOString(),
  seconds: 5,
  sent: count(0),
  received: count(0),
  sent_kbps: kbps,
  received_kbps: 0,
});

const LIMIT = {
  qos_policy_id: "q",
  qos_policy: "slow",
  of_network: true,
  sent_kbps: 10_000,
  received_kbps: null,
};
const told = (samples: Counters["samples"], more: Partial<Counters> = {}): Counters => ({
  host: "h1",
  told_at: new Date(START).toISOString(),
  silent: false,
  pace_s: 5,
  sent: count(1_500_000),
  received: null,
  samples,
  limit: { ...LIMIT, dscp: null },
  ...more,
});

describe("a rate", () => {
  it("has three digits and a unit", () => {
    expect([0, 0.4, 12.34, 1234, 123_456, 2_500_000].map(rateWords)).toEqual([
      "0 kbit/s",
      "0.4 kbit/s",
      "12.3 kbit/s",
      "1.23 Mbit/s",
      "123 Mbit/s",
      "2.5 Gbit/s",
    ]);
  });

  it("stands beside its limit, with the most there was", () => {
    expect(measuredWords(told([sample(5, 9800), sample(10, 1230)]), "sent")).toBe(
      "now 1.23 Mbit/s, at most 9.8 Mbit/s in 10 seconds; 98 % of its limit of 10 Mbit/s",
    );
    expect(measuredWords(told([sample(5, 0)]), "received")).toContain("no limit");
  });

  it("that nobody told is unknown", () => {
    expect(measuredWords(told([]), "sent")).toBe("no rate is known yet");
    expect(measuredWords(told([sample(5, 3)], { silent: true }), "sent")).toContain("unknown by now");
    expect(sumWords(told([]), "received", sizeWords)).toBe("how much in all is unknown");
  });

  it("is summed since the endpoint was plugged", () => {
    expect(sumWords(told([]), "sent", sizeWords)).toBe("1.5 MB in 1,500 packets since it was plugged");
  });
});

describe("a chart", () => {
  it("ends with the newest, and has a step for each sample", () => {
    expect(shape(told([sample(5, 10_000), sample(10, 5000)]), "sent").line).toBe(
      `M290 ${6.5}H295L295 ${39.3}H300`,
    );
  });

  it("breaks where nothing is known", () => {
    expect(shape(told([sample(5, 1), sample(60, 1)]), "sent").line.match(/M/g)).toHaveLength(2);
  });

  it("has the limit where it is near, and not where it would press all to the ground", () => {
    expect(shape(told([sample(5, 2000)]), "sent").limit).toBe(6.5);
    expect(shape(told([sample(5, 999)]), "sent").limit).toBeNull();
    expect(shape(told([sample(5, 2000)]), "received").limit).toBeNull();
  });

  it("of nothing lies on the ground", () => {
    expect(shape(told([sample(5, 0)]), "sent").line).toBe(`M295 ${CHART.height}H300`);
  });
});
