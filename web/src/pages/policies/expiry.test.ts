import { describe, expect, it } from "vitest";
import { meant, typed } from "./expiry";

describe("when a rule ends", () => {
  it("is never unless it is typed", () => {
    expect(meant("")).toBeNull();
    expect(typed(null)).toBe("");
  });

  it("is the same after it was shown and read again, to the minute", () => {
    for (const at of ["2026-11-28T09:30:00.000Z", "2026-06-01T00:00:00.000Z"]) {
      expect(meant(typed(at))).toBe(at);
    }
  });
});
