import { expect, test } from "vitest";
import { sinceWords, spanWords } from "./states";

test("a state that is over says for how long it was", () => {
  expect(sinceWords("2026-11-28T08:00:00Z", "2026-11-28T08:00:04Z")).toMatch(/, for 4 s$/);
  expect(sinceWords("2026-11-28T08:00:00Z", null)).toMatch(/^since /);
  expect(sinceWords(null, null)).toBe("from the beginning");
});

test("spans are as precise as they matter", () => {
  expect([0.25, 60, 600, 7200, 180_000].map(spanWords)).toEqual([
    "250 ms",
    "60 s",
    "10 min",
    "2 h",
    "2 days",
  ]);
});
