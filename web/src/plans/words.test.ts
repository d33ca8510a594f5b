import { describe, expect, it } from "vitest";
import type { Change } from "../api/client";
import { changesTold, fieldTold, noun, valueWords } from "./words";

const change = (action: string, kind: string, name: string) => ({ action, kind, name }) as Change;
const field = { field: "x", added: [], removed: [], moved: false };

describe("a revision in a line", () => {
  it("says alike changes together", () => {
    const changes = [
      change("create", "policies", "closed"),
      change("change", "ports", "web-1"),
      change("change", "ports", "web-2"),
    ];

    expect(changesTold(changes, 3)).toBe("made policy closed; changed endpoints web-1, web-2");
    expect(changesTold(changes, 12)).toMatch(/; and 9 more$/);
  });

  it("names a few of many", () => {
    const many = ["a", "b", "c", "d", "e", "f", "g"].map((name) => change("remove", "groups", name));

    expect(changesTold(many, 7)).toBe("removed groups a, b, c, d, e and 2 more");
  });

  it("knows nouns from the paths of lists", () => {
    expect(noun("address-groups")).toBe("address group");
    expect(noun("qos-policies", 2)).toBe("QoS policies");
  });
});

describe("a field that is different", () => {
  it("tells what came, what went, and what moved", () => {
    expect(fieldTold({ ...field, before: "a", after: "b" })).toEqual([{ mark: "~", words: "a → b" }]);
    expect(fieldTold({ ...field, after: 5 })).toEqual([{ mark: "+", words: "5" }]);
    expect(fieldTold({ ...field, before: "a" })).toEqual([{ mark: "−", words: "a" }]);
    expect(fieldTold({ ...field, moved: true })).toEqual([{ mark: "~", words: "in another order" }]);
    expect(fieldTold({ ...field, added: ["x"], removed: ["y"] }).map((part) => part.mark)).toEqual([
      "−",
      "+",
    ]);
  });

  it("says rules as everywhere", () => {
    const rule = {
      direction: "ingress",
      action: "allow",
      peer: { group: "web" },
      service: { protocol: "tcp", ports: ["22", "80-90"] },
      count: true,
    };

    expect(valueWords(rule)).toBe("ingress allow tcp/22,80-90 from group web (counted)");
    expect(valueWords({ direction: "egress", action: "drop" })).toBe("egress drop any traffic to anyone");
    expect(valueWords({ cidr: "10.0.0.0/24", dns_servers: ["10.0.0.1"] })).toBe(
      "cidr 10.0.0.0/24, dns servers 10.0.0.1",
    );
  });
});
