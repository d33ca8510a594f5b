import { describe, expect, it } from "vitest";
import type { Host } from "../../api/client";
import { healthOf, healthState, healthWords } from "./health";

const host = (health: unknown) => ({ status: { details: { health } } }) as unknown as Host;
const finding = (severity: string) => ({ severity, check: "mtu", says: "too small", cure: "raise it" });

describe("the health of a host", () => {
  it("is told worst first, in words and in a colour", () => {
    const told = healthOf(
      host({
        at: "2026-11-27T10:00:00",
        counts: { error: 1, warning: 2, note: 0 },
        findings: [finding("warning"), finding("error"), finding("warning")],
      }),
    );

    expect(told.findings.map((one) => one.severity)).toEqual(["error", "warning", "warning"]);
    expect([healthWords(told), healthState(told)]).toEqual(["1 error, 2 warnings", "failed"]);
  });

  it("is well with notes alone", () => {
    const told = healthOf(host({ at: "2026-11-27T10:00:00", findings: [finding("note")] }));

    expect([healthWords(told), healthState(told)]).toEqual(["well", "up"]);
  });

  it.each([undefined, null, "x", { findings: [null, 3, { severity: "odd" }] }])(
    "is not told by an agent that says %s",
    (said) => {
      const told = healthOf(host(said));

      expect([told.findings, healthWords(told), healthState(told)]).toEqual([[], "not told", "down"]);
    },
  );
});
