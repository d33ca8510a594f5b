// A finding of lint as the change that cures it, where deleting does. Pure.

import type { Finding, PlanAsked, Policy, Project } from "../api/client";
import { described } from "./describe";

const DELETING = new Set<Finding["problem"]>(["shadowed", "never-matching", "redundant"]);

/** What to ask for a plan of; undefined where a person has to decide, or what it is about is gone. */
export function cureOf(finding: Finding, policies: Policy[], projects: Project[]): PlanAsked | undefined {
  const policy = policies.find((one) => one.id === finding.id);
  if (policy === undefined) return undefined;
  if (finding.problem === "no-effect") return { remove_policies: [policy.id] };
  const project = projects.find((one) => one.id === policy.project_id);
  const rules = policy.rules.filter((rule) => rule.id !== finding.rule_id);
  if (!DELETING.has(finding.problem) || project === undefined || rules.length === policy.rules.length) {
    return undefined;
  }
  return { text: described(project, { policies: [{ ...policy, rules }] }) };
}

/** What a problem is called. */
export const PROBLEMS: Record<Finding["problem"], string> = {
  shadowed: "shadowed",
  "never-matching": "never matches",
  redundant: "redundant",
  wide: "wider than needed",
  "no-effect": "no effect",
  "empty-group": "empty group",
  "impossible-selector": "impossible selector",
  "unused-address-group": "unused",
  "ending-soon": "ends soon",
};
