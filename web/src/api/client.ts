// The API as the pages speak it: types come from its OpenAPI document, errors are its problem documents.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Project = Schemas["ProjectShown"];
export type Network = Schemas["NetworkShown"];
export type Router = Schemas["RouterShown"];
export type Port = Schemas["PortShown"];
export type Group = Schemas["GroupShown"];
export type AddressGroup = Schemas["AddressGroupShown"];
export type Policy = Schemas["PolicyShown"];
export type Rule = Schemas["RuleShown"];
export type Invariant = Schemas["InvariantShown"];
export type AttachRule = Schemas["AttachRuleShown"];
export type Token = Schemas["TokenShown"];
export type QosPolicy = Schemas["QosPolicyShown"];
export type Host = Schemas["HostShown"];
export type Change = Schemas["ChangeShown"];
export type Receipt = Schemas["ReceiptShown"];
export type Counters = Schemas["CountersShown"];
export type Sample = Schemas["SampleShown"];
export type Explanation = Schemas["ExplainShown"];
export type Question = Schemas["ExplainIn"];
export type Plan = Schemas["PlanShown"];
export type PlanAsked = Schemas["PlanIn"];
export type ObjectChange = Schemas["ObjectShown"];
export type RevisionListed = Schemas["RevisionListed"];
export type Remedy = Schemas["RemedyShown"];
export type Matched = Schemas["Matched"];
export type Credit = Schemas["CreditShown"];
export type Effective = Schemas["EffectiveShown"];
export type PortRules = Schemas["PortRulesShown"];
export type Drop = Schemas["DropShown"];
export type Drops = Schemas["DropsShown"];
export type Finding = Schemas["FindingShown"];
export type Session = Schemas["SessionShown"];

/** What the API refused, in its own words; `field` names the field of the form that is wrong. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly field: string | null,
  ) {
    super(detail);
  }
}

// Unsafe requests bear this header, which no other site can make a browser send (see the server's context.py).
export const api = createClient<paths>({ headers: { "Weft-Page": "1" }, credentials: "same-origin" });

api.use({
  async onResponse({ response }) {
    if (response.ok) return;
    const body = await response.json().catch(() => null);
    throw new Problem(
      response.status,
      body?.code ?? "unknown",
      body?.detail ?? `The server answered ${response.status}.`,
      body?.field ?? null,
    );
  },
  onError() {
    return new Problem(
      0,
      "unreachable",
      "The server does not answer. Your changes are not lost: try again.",
      null,
    );
  },
});

/** The body of an answer that cannot be an error any more. */
export async function body<T>(answer: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}

/** The body of an answer and the revision that the request made. */
export async function revised<T>(
  answer: Promise<{ data?: T; response: Response }>,
): Promise<{ body: T; revision: number }> {
  const { data, response } = await answer;
  return { body: data as T, revision: Number(response.headers.get("Weft-Revision") ?? 0) };
}

interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** Every item of a list, page after page, until nobody wants it any more. */
export async function all<T>(
  ask: (cursor: string | undefined) => Promise<Page<T>>,
  signal?: AbortSignal,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    signal?.throwIfAborted();
    const page = await ask(cursor);
    found.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}
