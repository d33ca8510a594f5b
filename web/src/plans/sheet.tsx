// What a change would do, before it is done: who reaches whom, which promises break, which rows of OVN move.

import { keepPreviousData, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Plan, type PlanAsked, Problem } from "../api/client";
import { plain } from "./describe";
import { Objects, Shifts } from "./effects";

/** The plan of a change; refusals are in words of what a person sees. */
const planQuery = (asked: PlanAsked) =>
  queryOptions({
    queryKey: ["plan", asked],
    queryFn: () => planned(asked),
    retry: false,
    placeholderData: keepPreviousData,
  });

/** Ask what a change would do. Throws a Problem. */
export async function planned(asked: PlanAsked): Promise<Plan> {
  return refusedPlainly(() => body(api.POST("/api/v1/plan", { body: asked })));
}

async function refusedPlainly<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof Problem ? plain(error) : error;
  }
}

interface SheetProps {
  asked: PlanAsked;
  /** Called with the revision that was made, once it is made. */
  onApplied: (revision: number) => Promise<void> | void;
  onDiscard: () => void;
}

/** The plan of a change, anew whenever the model moves, and the button that does just what is shown. */
export function PlanSheet({ asked, onApplied, onDiscard }: SheetProps) {
  const plan = useQuery(planQuery(asked));
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Problem | null>(null);
  const current = plan.data !== undefined && !plan.isPlaceholderData && plan.error === null;
  const apply = async (base: number) => {
    setBusy(true);
    setRefused(null);
    try {
      const done = await refusedPlainly(() => body(api.POST("/api/v1/apply", { body: { ...asked, base } })));
      await onApplied(done.revision ?? base);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setRefused(error);
      await client.invalidateQueries({ queryKey: ["plan"] });
    } finally {
      setBusy(false);
    }
  };
  const problem = refused ?? (plan.error instanceof Problem ? plan.error : null);
  return (
    <section className="plan" aria-label="The plan" aria-busy={!current}>
      <h3>What this would do</h3>
      {plan.data !== undefined && plan.error === null && <Effects plan={plan.data} />}
      {plan.isPending && <p className="quiet">Comparing who reaches whom…</p>}
      {problem !== null && (
        <p className="bad" role="alert">
          {problem.message}
        </p>
      )}
      {current && !plan.data?.applicable && (
        <p className="quiet">It cannot be applied while an invariant breaks.</p>
      )}
      <p className="actions buttons">
        <button type="button" onClick={onDiscard}>
          Discard
        </button>
        <button
          type="button"
          className="primary"
          disabled={busy || !current || !plan.data?.applicable || plan.data.objects.length === 0}
          onClick={() => plan.data && void apply(plan.data.base)}
        >
          {busy ? "One moment…" : "Apply"}
        </button>
      </p>
    </section>
  );
}

/** What a plan would do, in short; every object is a fold away. */
export function Effects({ plan }: { plan: Plan }) {
  return (
    <div role="status">
      {plan.broken.map((breach) => (
        <p key={breach.sentence} className="bad">
          {breach.sentence}
        </p>
      ))}
      {plan.objects.length === 0 ? (
        <p className="quiet">Nothing: the model says this already.</p>
      ) : (
        <Shifts reachability={plan.reachability} />
      )}
      <p className="quiet">{footnote(plan)}</p>
      {plan.objects.length > 0 && (
        <details>
          <summary>The objects that change ({plan.objects.length})</summary>
          <Objects objects={plan.objects} />
        </details>
      )}
    </div>
  );
}

/** Pairs, invariants and rows in one line. */
export function footnote({ reachability, invariants, broken, rows, base }: Plan): string {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const pairs = [
    sum(reachability.opened) > 0 && `${sum(reachability.opened)} pairs open`,
    sum(reachability.closed) > 0 && `${sum(reachability.closed)} pairs close`,
  ].filter((one) => one !== false);
  const kept = broken.length > 0 ? `${broken.length} of ${invariants} invariants break` : held(invariants);
  const touched = rows.map((row) => `${row.table} ${signed(row.inserted, row.updated, row.deleted)}`);
  return [
    pairs.join(", ") || "no pair opens or closes",
    kept,
    `rows of OVN: ${touched.join(", ") || "none"}`,
    `on revision ${base}`,
  ].join(" · ");
}

function held(invariants: number): string {
  if (invariants === 0) return "no invariant is declared";
  return invariants === 1 ? "the invariant holds" : `all ${invariants} invariants hold`;
}

function signed(inserted: number, updated: number, deleted: number): string {
  return [inserted && `+${inserted}`, updated && `~${updated}`, deleted && `−${deleted}`]
    .filter((part) => part !== 0)
    .join(" ");
}
