import { expect, test } from "vitest";
import type { Group, Network } from "../../api/client";
import { read, told, written, zonesOf } from "./target";

const nobody = { target: null, target_network: null, target_zone: null };
const groups = [{ id: "g", name: "web", members: ["p"] }] as unknown as Group[];
const networks = [
  { id: "n", name: "edge", zone: "dmz" },
  { id: "m", name: "db", zone: null },
] as Network[];

test.each([
  [nobody, "every endpoint of project shop"],
  [{ ...nobody, target: "g" }, "group web (1 endpoint)"],
  [{ ...nobody, target_network: "n" }, "network edge"],
  [{ ...nobody, target_zone: "dmz" }, "zone dmz"],
])("a target is one choice and one phrase", (target, words) => {
  expect(read(written(target))).toEqual(target);
  expect(told(target, "shop", groups, networks)).toBe(words);
});

test("the zone of a policy is offered though no network has it", () => {
  expect(zonesOf(networks, nobody)).toEqual(["dmz"]);
  expect(zonesOf(networks, { ...nobody, target_zone: "attic" })).toEqual(["attic", "dmz"]);
});
