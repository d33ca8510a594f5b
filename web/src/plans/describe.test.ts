import { describe, expect, it } from "vitest";
import { type Policy, Problem, type Project, type Remedy } from "../api/client";
import { atRule, described, plain, remedyDescribed } from "./describe";

const project = { id: "d", name: "default", description: "the shop" } as Project;
const http = { protocol: "tcp", ports: ["80"], icmp_type: null, icmp_code: null } as const;
const allow = {
  direction: "ingress",
  action: "allow",
  peer: {},
  service: { ...http, ports: ["80"] },
} as const;
const drop = { ...allow, action: "drop", log: true, count: true, stateful: true, description: "" } as const;
const web = {
  id: "p1",
  name: "web",
  project: "default",
  description: "",
  tier: "project",
  mode: "enforced",
  order: 7,
  target: "g1",
  rules: [{ ...drop, id: "r1", rank: 5 }],
} as unknown as Policy;
const standing = { projects: [project], policies: [web], groups: [] };
const remedy = (edit: object): Remedy =>
  ({ text: "", opened: 1, closed: 0, edits: [edit] }) as unknown as Remedy;
const only = (text: string | undefined) => JSON.parse(text ?? "").projects[0].policies[0];

describe("a change as a description", () => {
  it("keeps all that a policy and its rules say, but for ids and ranks", () => {
    const { rules, ...rest } = only(described(project, { policies: [web] }));

    const said = { name: "web", description: "", tier: "project", order: 7, target: "g1", mode: "enforced" };
    expect(rest).toEqual(said);
    expect(rules).toEqual([drop]);
  });

  it("does not touch what it says of the project", () => {
    expect(JSON.parse(described(project, {})).projects[0].description).toBe("the shop");
  });

  it("puts the rule of a remedy in its place", () => {
    const text = remedyDescribed(
      remedy({ kind: "insert_rule", policy_id: "p1", index: 0, rule: allow }),
      standing,
      "default",
    );

    expect(only(text).rules.map((rule: { action: string }) => rule.action)).toEqual(["allow", "drop"]);
  });

  it("takes a rule out", () => {
    const text = remedyDescribed(
      remedy({ kind: "remove_rule", policy_id: "p1", index: 0 }),
      standing,
      "default",
    );

    expect(only(text).rules).toEqual([]);
  });

  it("gives a new policy a name that is free", () => {
    const edit = { kind: "create_policy", policy: "web", group_id: "g1", index: 0, rule: allow };

    expect(only(remedyDescribed(remedy(edit), standing, "default"))).toMatchObject({
      name: "web-2",
      target: "g1",
    });
  });

  it("is none when the policy of the remedy is gone", () => {
    const edit = { kind: "remove_rule", policy_id: "gone", index: 0 };

    expect(remedyDescribed(remedy(edit), standing, "default")).toBeUndefined();
  });
});

describe("a refusal", () => {
  it("stands at the field of the form, without the line of the text", () => {
    const field = "projects.0.policies.0.rules.3.peer.cidr";
    const refused = atRule(plain(new Problem(422, "invalid", `line 9: ${field}: not a prefix`, field)));

    expect([refused.field, refused.message]).toEqual(["rule.peer.cidr", "not a prefix"]);
  });
});
