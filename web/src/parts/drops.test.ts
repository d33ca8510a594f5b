import { describe, expect, it } from "vitest";
import type { Drop, Drops } from "../api/client";
import { deciderWords, missingWords, packetsWords } from "./drops";

const drop = {
  ...{ count: 1, at_least: false, protocol: "tcp", ip_protocol: null, destination_port: 80, icmp_type: null },
  source: { address: "10.0.0.2", port_id: "a", port: "web-1" },
  destination: { address: "192.0.2.1", port_id: null, port: null },
} as Drop;
const nothing = {
  since: "2026-11-28T00:00:00Z",
  silent: [],
  unwatched: [],
  gaps: [],
  unlogged: 0,
  forgotten: 0,
};

describe("drops in words", () => {
  it("names both ends and the traffic", () => {
    expect(packetsWords(drop)).toBe("1 packet of tcp/80 from web-1 (10.0.0.2) to 192.0.2.1");
    const many = { ...drop, count: 9, at_least: true, protocol: null, ip_protocol: 47 };
    expect(packetsWords(many)).toMatch(/^at least 9 packets of IP protocol 47 /);
  });

  it("counts what anti-spoofing dropped at its sender, and says who decided without a rule", () => {
    const forged = { ...drop, by: "anti-spoofing" as const, count: 3 };
    expect(packetsWords(forged)).toBe("3 packets from web-1");
    expect(deciderWords("anti-spoofing", "net")).toContain("anti-spoofing");
    expect(deciderWords("quarantine", "net")).toContain("quarantine on network net");
    expect(deciderWords("default", "net")).toBe("by the default of network net");
  });

  it("never takes what is missing for nothing", () => {
    const words = missingWords(nothing as unknown as Drops, 0);
    expect(words).toMatch(/^None that rules told of since /);
    expect(words).not.toContain("Missing");
    const missing = {
      ...nothing,
      silent: ["h1"],
      unwatched: ["h3"],
      gaps: ["h2"],
      unlogged: 5,
      forgotten: 2,
    };
    expect(missingWords(missing as unknown as Drops, 3)).toContain(
      "Missing: what h1 dropped, which have not told lately; what anti-spoofing dropped on h3; parts of the logs of h2; 5 packets",
    );
  });
});
