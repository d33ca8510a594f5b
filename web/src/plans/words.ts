// What changed, in words: of lists of changes, and of the fields of an object. Pure.

import type { Change, ObjectChange } from "../api/client";

const NOUNS: Record<string, readonly [one: string, many: string]> = {
  policies: ["policy", "policies"],
  "qos-policies": ["QoS policy", "QoS policies"],
  ports: ["endpoint", "endpoints"],
};
const VERBS: Record<string, string> = { create: "made", change: "changed", remove: "removed" };
const NAMED = 5;

/** What one object of `kind` is called; `kind` is spelt as in the path of its list. */
export function noun(kind: string, count = 1): string {
  const words = kind.replaceAll("-", " ");
  const [one, many] = NOUNS[kind] ?? [words.replace(/s$/, ""), words];
  return count === 1 ? one : many;
}

/** As in: made policy closed; changed endpoints web-1, web-2; `count` are all, of which some are listed. */
export function changesTold(changes: Change[], count: number): string {
  const together = new Map<string, Change[]>();
  for (const change of changes) {
    const key = `${change.action} ${change.kind}`;
    together.set(key, [...(together.get(key) ?? []), change]);
  }
  const told = [...together.values()].map(sentence);
  if (count > changes.length) told.push(`and ${count - changes.length} more`);
  return told.join("; ");
}

function sentence(changes: Change[]): string {
  const [first] = changes;
  if (first === undefined) return "";
  const names = changes.slice(0, NAMED).map((change) => change.name);
  const more = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : "";
  return `${VERBS[first.action] ?? first.action} ${noun(first.kind, changes.length)} ${names.join(", ")}${more}`;
}

type Field = ObjectChange["fields"][number];

/** What became of a field: a mark and words for each part of it. */
export function fieldTold(field: Field): { mark: "+" | "−" | "~"; words: string }[] {
  const { added = [], removed = [] } = field;
  if (field.moved) return [{ mark: "~", words: "in another order" }];
  if (added.length > 0 || removed.length > 0) {
    return [
      ...removed.map((value) => ({ mark: "−" as const, words: valueWords(value) })),
      ...added.map((value) => ({ mark: "+" as const, words: valueWords(value) })),
    ];
  }
  const { before = null, after = null } = field;
  if (before === null) return [{ mark: "+", words: valueWords(after) }];
  if (after === null) return [{ mark: "−", words: valueWords(before) }];
  return [{ mark: "~", words: `${valueWords(before)} → ${valueWords(after)}` }];
}

type Said = Record<string, unknown>;

/** A value of a description as a person would say it. */
export function valueWords(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.map(valueWords).join(", ");
  if (typeof value !== "object") return String(value);
  const said = value as Said;
  if ("direction" in said && "action" in said) return ruleWords(said);
  return Object.entries(said)
    .map(([key, inner]) => `${key.replaceAll("_", " ")} ${valueWords(inner)}`)
    .join(", ");
}

function ruleWords(said: Said): string {
  const { direction, action, peer, service, stateful, log, count, description, expires } = said;
  const whom = peer === undefined ? "anyone" : valueWords(peer);
  const flags = [
    stateful === false && "stateless",
    log && "logged",
    count && "counted",
    typeof expires === "string" && `until ${expires}`,
  ].filter(Boolean);
  const more = flags.length === 0 ? "" : ` (${flags.join(", ")})`;
  const comment = typeof description === "string" && description !== "" ? `: ${description}` : "";
  return `${direction} ${action} ${serviceSaid(service)} ${direction === "ingress" ? "from" : "to"} ${whom}${more}${comment}`;
}

function serviceSaid(service: unknown): string {
  const { protocol, ports, icmp_type } = (service ?? {}) as Said;
  if (typeof protocol !== "string") return "any traffic";
  if (icmp_type !== undefined) return `${protocol} type ${icmp_type}`;
  return Array.isArray(ports) && ports.length > 0 ? `${protocol}/${ports.join(",")}` : protocol;
}
