import { describe, expect, it } from "vitest";
import type { Port } from "../../api/client";
import { countWords, partners } from "./partners";

const port = (id: string) => ({ id }) as Port;

describe("partners on the map", () => {
  it("tells one way from both", () => {
    const found = partners(["a", "b"], ["b", "c"]);

    expect([...found]).toEqual([
      ["a", "reaches it"],
      ["b", "both ways"],
      ["c", "it reaches"],
    ]);
  });

  it("counts those of a box that is folded", () => {
    const found = partners(["a", "b"], ["b"]);

    expect(countWords(["a", "b", "x"].map(port), found)).toBe("2 may reach it, it may reach 1");
    expect(countWords([port("x")], found)).toBe("none may reach it, it may reach none");
  });
});
