import { describe, expect, it } from "vitest";
import type { Port } from "./client";
import { merged } from "./reread";

const port = (id: string, name: string, project = "default") => ({ id, name, project }) as Port;
const names = (list: Port[]) => list.map((one) => one.name);
const list = [port("1", "a"), port("2", "b"), port("3", "d")];

describe("a list with news of some of its ports", () => {
  it("has new ones in their place, changed ones once, and no removed ones", () => {
    const found = new Map([
      ["4", port("4", "c")],
      ["1", port("1", "z")],
      ["2", null],
    ]);

    expect(names(merged(list, found))).toEqual(["c", "d", "z"]);
  });

  it("of one project has only that project's", () => {
    expect(names(merged(list, new Map([["4", port("4", "c", "other")]]), "default"))).toEqual([
      "a",
      "b",
      "d",
    ]);
  });

  it("leaves the list alone that it was made from", () => {
    merged(list, new Map([["1", null]]));

    expect(names(list)).toEqual(["a", "b", "d"]);
  });
});
