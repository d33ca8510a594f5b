// A change as a description: the text that POST /plan and POST /apply read. Pure.

import { type Group, type Policy, Problem, type Project, type Remedy, type Rule } from "../api/client";

/** A rule as a person declares it; the server gives it its id and its rank. */
export type RuleSaid = Pick<Rule, "direction" | "action" | "peer" | "service"> &
  Partial<Pick<Rule, "stateful" | "log" | "count" | "description" | "expires">>;

/** Whom a policy is for: one of these, or every endpoint of the project. */
export type Target = Pick<Policy, "target" | "target_network" | "target_zone">;

/** A policy as a person declares it. */
export type PolicySaid = Pick<Policy, "name"> &
  Partial<Pick<Policy, "description" | "tier" | "order" | "mode" | keyof Target>> & { rules: RuleSaid[] };

type GroupSaid = Pick<Group, "name" | "description" | "selector"> & { members: string[] };

interface Said {
  policies: PolicySaid[];
  groups: GroupSaid[];
}

/** The text in which `project` has these policies and groups; what it does not name stays. */
export function described(
  project: Pick<Project, "name" | "description">,
  { policies = [], groups = [] }: Partial<Said>,
): string {
  const what = {
    name: project.name,
    description: project.description,
    groups,
    policies: policies.map(policyOf),
  };
  return JSON.stringify({ projects: [what] }, null, 1);
}

function policyOf(said: PolicySaid): object {
  const { name, description, tier, order, target, target_network, target_zone, mode, rules } = said;
  const whom = { target, target_network, target_zone };
  return { name, description, tier, order, ...whom, mode, rules: rules.map(ruleOf) };
}

function ruleOf(rule: RuleSaid): object {
  const { direction, action, peer, service, stateful, log, count, description, expires } = rule;
  return { direction, action, peer, service, stateful, log, count, description, expires };
}

/** What stands in the model, which the edits of a remedy are edits of. */
export interface Standing {
  projects: Project[];
  policies: Policy[];
  groups: Group[];
}

/** The text that makes the edits of `remedy` in `home`, the project of who asked; undefined if one is gone. */
export function remedyDescribed(remedy: Remedy, standing: Standing, home: string): string | undefined {
  const policies = new Map<string, PolicySaid>();
  const groups = new Map<string, GroupSaid>();
  let owner = home;
  for (const edit of remedy.edits) {
    const policy = standing.policies.find((one) => one.id === edit.policy_id);
    const group = standing.groups.find((one) => one.id === edit.group_id);
    owner = policy?.project ?? group?.project ?? owner;
    const said = policies.get(edit.policy_id ?? "") ?? policy;
    if (edit.kind === "create_policy" && edit.rule && edit.policy) {
      policies.set(edit.policy, {
        name: free(edit.policy, standing.policies),
        target: edit.group_id ?? null,
        rules: [edit.rule],
      });
    } else if (edit.kind === "join_group" && group !== undefined && edit.port_id) {
      groups.set(group.id, {
        name: group.name,
        description: group.description,
        selector: group.selector,
        members: [...group.listed, edit.port_id],
      });
    } else if (policy !== undefined && said !== undefined && typeof edit.index === "number") {
      const rules = [...said.rules];
      if (edit.kind === "insert_rule" && edit.rule) rules.splice(edit.index, 0, edit.rule);
      else rules.splice(edit.index, 1);
      policies.set(policy.id, { ...said, rules });
    } else return undefined;
  }
  const project = standing.projects.find((one) => one.name === owner);
  return project && described(project, { policies: [...policies.values()], groups: [...groups.values()] });
}

/** `name`, or the first of `name-2`, `name-3` that no policy has. */
function free(name: string, taken: Policy[]): string {
  const names = new Set(taken.map((one) => one.name));
  let found = name;
  for (let number = 2; names.has(found); number += 1) found = `${name}-${number}`;
  return found;
}

/** The refusal of a description, without the line of a text that nobody sees. */
export function plain(problem: Problem): Problem {
  const told = problem.message.replace(/^line \d+: /, "");
  const field = problem.field ?? "";
  const short = told.startsWith(`${field}: `) ? told.slice(field.length + 2) : told;
  return new Problem(problem.status, problem.code, short, problem.field);
}

/** The field of the rule that a refusal is about, as its form calls it. */
export function atRule(problem: Problem): Problem {
  const field = problem.field?.replace(/^projects\.0\.policies\.0\.rules\.\d+/, "rule") ?? null;
  return new Problem(problem.status, problem.code, problem.message, field);
}

/** The field of the policy that a refusal is about, as the form of its settings calls it. */
export function atPolicy(problem: Problem): Problem {
  const field = problem.field === "rename_policies" ? "name" : problem.field;
  const short = field?.replace(/^projects\.0\.policies\.0\./, "") ?? null;
  return new Problem(problem.status, problem.code, problem.message, short);
}
