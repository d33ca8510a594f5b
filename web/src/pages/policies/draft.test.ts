import { describe, expect, it } from "vitest";
import { type DraftRule, dropped, put, stepped } from "./draft";

const rules = ["a", "b", "c", "d"].map((id) => ({ id, description: "" }) as DraftRule);
const order = (found: DraftRule[]) => found.map((rule) => rule.id).join("");

describe("the order of rules", () => {
  it("moves one up and down, and never past the ends", () => {
    expect(order(stepped(rules, "c", -1))).toBe("acbd");
    expect(order(stepped(rules, "c", 1))).toBe("abdc");
    expect(order(stepped(rules, "a", -1))).toBe("abcd");
    expect(order(stepped(rules, "d", 1))).toBe("abcd");
  });

  it("puts what was dragged before or after what it was dropped on", () => {
    expect(order(dropped(rules, new Set(["d"]), "a", "before"))).toBe("dabc");
    expect(order(dropped(rules, new Set(["a"]), "c", "after"))).toBe("bcad");
    expect(order(dropped(rules, new Set(["d", "b"]), "a", "before"))).toBe("bdac");
    expect(order(dropped(rules, new Set(["a"]), "a", "after"))).toBe("abcd");
  });
});

describe("a rule that is put", () => {
  it("takes the place of itself, or comes last", () => {
    const changed = { ...rules[1], description: "new" } as DraftRule;

    expect(put(rules, changed)[1]?.description).toBe("new");
    expect(order(put(rules, { id: "e" } as DraftRule))).toBe("abcde");
  });
});
