// Beside each rule of a policy: who made it say what it says, and what it has matched.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { api, body, type Policy } from "../../api/client";
import { By } from "../../parts/effective";
import { caveats, hitsWords, togetherWords } from "../../parts/hits";

const PACE_MS = 10_000;

const creditsQuery = (policy: string) =>
  queryOptions({
    queryKey: ["policies", "credits", policy],
    queryFn: () =>
      body(api.GET("/api/v1/policies/{reference}/credits", { params: { path: { reference: policy } } })),
    enabled: policy !== "",
    retry: false,
  });

const hitsQuery = (policy: string) =>
  queryOptions({
    queryKey: ["policies", "hits", policy],
    queryFn: () =>
      body(api.GET("/api/v1/policies/{reference}/hits", { params: { path: { reference: policy } } })),
    refetchInterval: PACE_MS,
    enabled: policy !== "",
    retry: false,
  });

interface Told {
  notes: ReadonlyMap<string, ReactNode>;
  caveats: string;
}

/** A note for each rule, by its id; and what whoever reads them has to know. */
export function useNotes(policy: Policy): Told {
  const hits = useQuery(hitsQuery(policy.id)).data;
  const credits = useQuery(creditsQuery(policy.id)).data;
  return useMemo(() => {
    const numbers = new Map(policy.rules.map((rule, index) => [rule.id, index + 1]));
    const authors = new Map(credits?.rules.map((one) => [one.rule_id, one.credit]));
    const notes = new Map(
      hits?.rules.map((one) => {
        const together = [one.rule_id, ...one.together].map((id) => numbers.get(id) ?? 0);
        const credit = authors.get(one.rule_id) ?? null;
        return [
          one.rule_id,
          <>
            {hitsWords(one)}
            {togetherWords(together.sort((a, b) => a - b))}
            <By credit={credit} />
          </>,
        ] as const;
      }),
    );
    return { notes, caveats: hits === undefined || notes.size === 0 ? "" : caveats(hits) };
  }, [policy.rules, hits, credits]);
}
