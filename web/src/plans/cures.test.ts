import { describe, expect, it } from "vitest";
import type { Finding, Policy, Project } from "../api/client";
import { cureOf } from "./cures";

const shop = { id: "p", name: "shop", description: "" } as Project;
const rules = ["a", "b"].map((id) => ({ id, direction: "ingress", action: "drop", description: id }));
const policy = {
  id: "1",
  project_id: "p",
  name: "web",
  tier: "project",
  mode: "enforced",
  order: 1,
  rules,
} as unknown as Policy;
const finding = (problem: Finding["problem"], rule: string | null) =>
  ({ id: "1", problem, rule_id: rule }) as Finding;

describe("the cure of a finding", () => {
  it("is the policy without the rule", () => {
    const asked = cureOf(finding("shadowed", "a"), [policy], [shop]);

    const said = JSON.parse(asked?.text ?? "").projects[0].policies[0];
    expect(said.name).toBe("web");
    expect(said.rules.map((rule: { description: string }) => rule.description)).toEqual(["b"]);
  });

  it("takes away a policy that does nothing", () => {
    expect(cureOf(finding("no-effect", null), [policy], [shop])).toEqual({ remove_policies: ["1"] });
  });

  it("is left to a person where more than deleting is to be decided, and where the rule is gone", () => {
    expect(cureOf(finding("wide", "a"), [policy], [shop])).toBeUndefined();
    expect(cureOf(finding("redundant", "z"), [policy], [shop])).toBeUndefined();
    expect(cureOf(finding("no-effect", null), [], [shop])).toBeUndefined();
  });
});
