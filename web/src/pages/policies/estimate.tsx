// What a policy that is not in force would have decided: an estimate over what hosts saw.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Drop, type Policy } from "../../api/client";
import { absentWords, packetsWords } from "../../parts/drops";

const PACE_MS = 5_000;
const LISTED = 50;

const estimateQuery = (policy: string) =>
  queryOptions({
    queryKey: ["drops", "of policy", policy],
    queryFn: () => body(api.GET("/api/v1/drops", { params: { query: { policy, limit: LISTED } } })),
    refetchInterval: PACE_MS,
    retry: false,
  });

const VERDICTS: Partial<Record<Drop["verdict"], { words: string; action: string }>> = {
  "would-drop": { words: "would drop", action: "drop" },
  "would-reject": { words: "would reject", action: "reject" },
  "would-allow": { words: "would let pass", action: "allow" },
};

export function Estimate({ policy, onEnforce }: { policy: Policy; onEnforce: (() => void) | undefined }) {
  return (
    <section className="estimate">
      <h3>If it were in force</h3>
      {policy.mode === "audit" ? (
        <Seen policy={policy} />
      ) : (
        <p className="quiet">
          A draft is looked at by nobody. In mode audit it is told here what it would have decided otherwise.
        </p>
      )}
      {onEnforce !== undefined && (
        <p>
          <button type="button" onClick={onEnforce}>
            Plan to enforce it
          </button>
        </p>
      )}
    </section>
  );
}

function Seen({ policy }: { policy: Policy }) {
  const { data: found, error } = useQuery(estimateQuery(policy.id));
  if (error !== null) return <p className="bad">{error.message}</p>;
  if (found === undefined) return <p className="quiet">One moment…</p>;
  const seen = found.items.filter((one) => one.estimate);
  return (
    <>
      <ul className="drops">
        {seen.map((one) => (
          <li key={one.number}>
            <b className={`action ${VERDICTS[one.verdict]?.action}`}>{VERDICTS[one.verdict]?.words}</b>{" "}
            {packetsWords(one)}{" "}
            <small>
              by rule {one.rule?.index}, on {one.host}, last {new Date(one.last_at).toLocaleString()}
            </small>
          </li>
        ))}
      </ul>
      {seen.length === 0 && <p>Nothing that hosts saw would have been decided otherwise.</p>}
      <p className="quiet">
        An estimate: connections that hosts track, seen every ten seconds, and packets that they logged as
        dropped, since {new Date(found.since).toLocaleString()}. {absentWords(found)}
      </p>
    </>
  );
}
