// A policy that is being edited: what it said when the editing began, and what it is to say. Pure.

import type { Policy, Rule } from "../../api/client";

/** A rule in a list; one that is new has an id that only this page knows. */
export type DraftRule = Omit<Rule, "rank">;

export type Draft = Omit<Policy, "rules"> & { rules: DraftRule[] };

/** Take `id` out of `rules` and put it `steps` further down. */
export function stepped(rules: DraftRule[], id: string, steps: number): DraftRule[] {
  const from = rules.findIndex((rule) => rule.id === id);
  const to = from + steps;
  if (from < 0 || to < 0 || to >= rules.length) return rules;
  const found = [...rules];
  found.splice(to, 0, ...found.splice(from, 1));
  return found;
}

/** Put the rules `moved` before or after another one, in the order that they had. */
export function dropped(
  rules: DraftRule[],
  moved: ReadonlySet<unknown>,
  at: string,
  where: "before" | "after",
): DraftRule[] {
  if (moved.has(at)) return rules;
  const rest = rules.filter((rule) => !moved.has(rule.id));
  const place = rest.findIndex((rule) => rule.id === at) + (where === "after" ? 1 : 0);
  rest.splice(place, 0, ...rules.filter((rule) => moved.has(rule.id)));
  return rest;
}

/** Put `rule` in the place of the one with its id, or last. */
export function put(rules: DraftRule[], rule: DraftRule): DraftRule[] {
  const known = rules.some((one) => one.id === rule.id);
  return known ? rules.map((one) => (one.id === rule.id ? rule : one)) : [...rules, rule];
}
