// A change by a form, seen before it is made: if it moves who reaches whom, its plan stands there first.

import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { type Plan, Problem } from "../api/client";
import { Dialog } from "../parts/form";
import { Effects } from "./sheet";

/** Sends the request of a change with some headers more: for its plan, or to be made as it was planned. */
export type Send = (headers: Record<string, string>) => Promise<unknown>;

const ASKED = { "Weft-Plan": "1" };
const onBase = (plan: Plan) => ({ "Weft-Base": String(plan.base) });

/** What the same request would do. Throws a Problem, as the request would. */
async function planOf(send: Send): Promise<Plan> {
  const { data } = (await send(ASKED)) as { data: Plan };
  return data;
}

/** Whether nobody gains or loses anybody by it, and no promise breaks: then there is nothing to be seen first. */
export const isQuiet = ({ reachability, broken, applicable }: Plan) =>
  applicable && broken.length === 0 && reachability.sentences.length === 0;

/** The plan of a request, and what keeps it from being made. */
function usePlanned(send: Send, onDone: () => void) {
  const [plan, setPlan] = useState<Plan | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const trying = async (what: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await what();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      if (error.field === "base") setPlan(await planOf(send).catch(() => null));
    } finally {
      setBusy(false);
    }
  };
  const make = async (seen: Plan) => {
    await send(onBase(seen));
    onDone();
  };
  return {
    plan,
    problem,
    busy,
    look: () => trying(async () => setPlan(await planOf(send))),
    /** Make what was seen; what nobody has to see is made at once. */
    submit: () =>
      trying(async () => {
        if (plan !== null) return make(plan);
        const found = await planOf(send);
        if (isQuiet(found)) return make(found);
        setPlan(found);
      }),
    forget: () => setPlan(null),
  };
}

interface PlannedFormProps {
  action: string;
  send: Send;
  /** Called when the server took it. */
  onDone: () => void;
  children: (problem: Problem | null) => ReactNode;
}

/** As `Form`, of a change whose plan the server can make. */
export function PlannedForm({ action, send, onDone, children }: PlannedFormProps) {
  const { plan, problem, busy, submit, forget } = usePlanned(send, onDone);
  return (
    <form
      noValidate
      onChange={forget}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void submit();
      }}
    >
      {children(problem)}
      <Refused problem={problem} />
      {plan !== null && <Seen plan={plan} />}
      <p className="actions">
        <button type="submit" className="primary" disabled={busy || plan?.applicable === false}>
          {busy ? "One moment…" : plan === null ? action : "Apply"}
        </button>
      </p>
    </form>
  );
}

function Refused({ problem }: { problem: Problem | null }) {
  return (
    problem !== null && (
      <p className="bad" role="alert">
        {problem.message}
      </p>
    )
  );
}

function Seen({ plan }: { plan: Plan }) {
  return (
    <section className="plan" aria-label="The plan">
      <h3>What this would do</h3>
      <Effects plan={plan} />
    </section>
  );
}

interface PlannedDeletionProps {
  what: string;
  send: Send;
  onClose: () => void;
}

/** Ask once more before something goes, and say what goes with it. */
export function PlannedDeletion({ what, send, onClose }: PlannedDeletionProps) {
  const { plan, problem, busy, look, submit } = usePlanned(send, onClose);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is looked at once, when it is opened
  useEffect(() => void look(), []);
  return (
    <Dialog title={`Delete ${what}?`} onClose={onClose} wide={plan !== null && !isQuiet(plan)}>
      {plan === null && problem === null && <p className="quiet">Comparing who reaches whom…</p>}
      {plan !== null && <Seen plan={plan} />}
      <Refused problem={problem} />
      <p className="actions">
        <button
          type="button"
          className="danger"
          disabled={busy || plan?.applicable !== true}
          onClick={() => void submit()}
        >
          {busy ? "One moment…" : "Delete"}
        </button>
      </p>
    </Dialog>
  );
}
