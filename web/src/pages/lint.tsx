import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { api, body, type Finding, type PlanAsked } from "../api/client";
import { policiesQuery, projectsQuery, useSession } from "../api/queries";
import { useNewsHere, useProject } from "../app";
import { ReceiptLine } from "../parts/receipt";
import { cureOf, PROBLEMS } from "../plans/cures";
import { PlanDialog } from "../plans/dialog";
import { noun } from "../plans/words";

/** What is declared and does nothing, or more than is needed: where, why, and the cure. */
export default function LintPage() {
  const project = useProject();
  const found = useLint(project);
  const [search, setSearch] = useSearchParams();
  const only = search.get("problem") ?? "";
  const [curing, setCuring] = useState<{ finding: Finding; asked: PlanAsked } | null>(null);
  const [revision, setRevision] = useState<number | null>(null);
  const all = found.data?.items ?? [];
  const shown = all.filter((one) => only === "" || one.problem === only);
  const counts = Map.groupBy(all, (one) => one.problem);
  return (
    <>
      <h1>Lint</h1>
      <p>What is declared and does nothing, or more than is needed. Each finding holds by itself.</p>
      {found.error !== null && (
        <p className="bad" role="alert">
          {found.error.message}
        </p>
      )}
      {all.length > 0 && (
        <p className="tools">
          <label>
            Show{" "}
            <select
              value={only}
              onChange={(event) =>
                setSearch((old) => {
                  const next = new URLSearchParams(old);
                  if (event.target.value === "") next.delete("problem");
                  else next.set("problem", event.target.value);
                  return next;
                })
              }
            >
              <option value="">everything ({all.length})</option>
              {[...counts].map(([problem, items]) => (
                <option key={problem} value={problem}>
                  {PROBLEMS[problem]} ({items.length})
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      {found.isPending && <p className="quiet">Looking at every rule…</p>}
      {found.data !== undefined && all.length === 0 && (
        <p className="good" role="status">
          Nothing: every rule decides something, and every group has somebody in it.
        </p>
      )}
      {revision !== null && (
        <p>
          Applied. <ReceiptLine revision={revision} />
        </p>
      )}
      <ul className="findings lint">
        {shown.map((one) => (
          <FindingItem
            key={`${one.problem} ${one.id} ${one.rule_id}`}
            finding={one}
            onCure={(asked) => setCuring({ finding: one, asked })}
          />
        ))}
      </ul>
      {found.data !== undefined && <p className="quiet">As of revision {found.data.revision}.</p>}
      {curing !== null && (
        <PlanDialog
          asked={curing.asked}
          onClose={() => setCuring(null)}
          onApplied={(made) => {
            setCuring(null);
            setRevision(made);
          }}
        >
          <p>
            <Place finding={curing.finding} />: {curing.finding.why}.
          </p>
        </PlanDialog>
      )}
    </>
  );
}

/** The findings, looked for again when the model has moved on: one search after the other, for they take long. */
function useLint(project: string | undefined) {
  const newest = useNewsHere().revision;
  const found = useQuery({
    queryKey: ["lint", project],
    queryFn: () => body(api.GET("/api/v1/lint", { params: { query: { project } } })),
    retry: false,
  });
  const { data, isFetching, refetch } = found;
  const old = data !== undefined && newest > data.revision;
  useEffect(() => {
    if (old && !isFetching) void refetch();
  }, [old, isFetching, refetch]);
  return found;
}

interface FindingItemProps {
  finding: Finding;
  onCure: (asked: PlanAsked) => void;
}

function FindingItem({ finding, onCure }: FindingItemProps) {
  const projects = useQuery(projectsQuery).data ?? [];
  const policies = useQuery(policiesQuery()).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const asked = mayChange ? cureOf(finding, policies, projects) : undefined;
  return (
    <li>
      <span className="state pending">{PROBLEMS[finding.problem]}</span>
      <div>
        <p>
          <Place finding={finding} />
          {finding.rule !== null && `: ${finding.rule}`}
        </p>
        <p>{finding.why}.</p>
        <p className="quiet">
          The cure: {finding.cure}.{" "}
          {asked !== undefined && (
            <button type="button" onClick={() => onCure(asked)}>
              See the plan
              <span className="hidden">
                : {finding.cure}, {finding.name}
              </span>
            </button>
          )}
        </p>
      </div>
    </li>
  );
}

const PLACES: Record<string, (one: Finding) => string> = {
  policies: (one) => `/policies/${one.id}${one.rule_id === null ? "" : `?rule=${one.rule_id}`}`,
  groups: () => "/groups",
  "address-groups": () => "/address-groups",
};

/** What a finding is about, as in: rule 2 of policy db. */
function Place({ finding }: { finding: Finding }) {
  const to = PLACES[finding.kind]?.(finding) ?? "/policies";
  return (
    <>
      {finding.rule_number !== null && `rule ${finding.rule_number} of `}
      {noun(finding.kind)} <Link href={to}>{finding.name}</Link> <small>in {finding.project}</small>
    </>
  );
}
