import { describe, expect, it } from "vitest";
import { caveats, defaultWords, hitsWords, lineWords, sizeWords, togetherWords } from "./hits";

const nothing = { packets: 0, bytes: 0, last_hit_at: null };

describe("hits in words", () => {
  it("never says nothing of what is unknown", () => {
    expect(hitsWords({ packets: null, bytes: null, last_hit_at: null })).toBe("hits unknown");
    expect(hitsWords(nothing)).toBe("no hit yet");
  });

  it("counts packets and bytes", () => {
    expect(hitsWords({ ...nothing, packets: 1, bytes: 60 })).toBe("1 packet, 60 B");
    expect(hitsWords({ packets: 2, bytes: 4_200_000, last_hit_at: "2026-11-28T00:00:00Z" })).toMatch(
      /^2 packets, 4.2 MB, last /,
    );
    expect(sizeWords(999)).toBe("999 B");
    expect(sizeWords(123_456)).toBe("123 kB");
  });

  it("names rules that are counted as one, and hosts that did not tell", () => {
    expect(togetherWords([2, 3, 4])).toBe(" (rules 2–4 together)");
    expect(togetherWords([])).toBe("");
    expect(caveats({ precision_s: 10, silent: ["h1"] })).toContain("Missing is what h1 matched");
    expect(caveats({ precision_s: 10, silent: [] })).not.toContain("Missing");
  });

  it("says what a default did", () => {
    expect(defaultWords("default-ingress-drop")).toBe("dropped");
    expect(defaultWords("default-egress-allow")).toBe("let pass");
    expect(defaultWords("default-ingress-same-ip6")).toBe("let pass over IPv6");
  });
});

describe("a line of policy in words", () => {
  it("says traffic and peer as everywhere", () => {
    expect(lineWords({ action: "drop", text: "drop ingress any from any" })).toBe("any traffic from anyone");
    expect(lineWords({ action: "allow", text: "allow egress tcp/22 to group any" })).toBe(
      "tcp/22 to group any",
    );
  });
});
