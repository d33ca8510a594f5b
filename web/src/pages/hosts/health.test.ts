import { describe, expect, it } from "vitest";
import type { Host } from "../../api/client";
import { healthOf, healthState, healthWords, tunnelsOf, tunnelWords, versionsOf } from "./health";

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

describe("the tunnels and versions of a host", () => {
  const tunnel = { peer: "h2", address: "10.0.0.2", encapsulation: "vxlan", error: "", silent_s: 3 };

  it("are unknown of an agent that does not tell them", () => {
    expect(tunnelsOf(host({ findings: [] }))).toBeNull();
    expect(versionsOf(host(null))).toEqual([]);
  });

  it("are told in words", () => {
    const told = tunnelsOf(
      host({ tunnels: [{ ...tunnel, carries: false, answers: true }, tunnel], tunnels_in_all: 40 }),
    );

    expect(told?.inAll).toBe(40);
    expect(told?.tunnels.map(tunnelWords)).toEqual([
      ["failed", "too narrow for full packets"],
      ["down", "not tried"],
    ]);
    expect(versionsOf(host({ versions: { ovn: "23.03.1", docker: 20 } }))).toEqual([["OVN", "23.03.1"]]);
  });
});
