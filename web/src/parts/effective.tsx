// The rules that are evaluated for an endpoint, first match first: whose they are, and what they matched.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, body, type Credit, type Effective, type PortRules } from "../api/client";
import { caveats, defaultWords, hitsWords, lineWords, togetherWords } from "./hits";

const DIRECTIONS = [
  { direction: "ingress", title: "What may reach it" },
  { direction: "egress", title: "What it may reach" },
] as const;

/** Hosts tell of hits without news, so it is asked again as often as they look. */
const PACE_MS = 10_000;

export const rulesQuery = (port: string) =>
  queryOptions({
    queryKey: ["effective", port],
    queryFn: () =>
      body(api.GET("/api/v1/ports/{reference}/rules", { params: { path: { reference: port } } })),
    refetchInterval: PACE_MS,
    retry: false,
  });

export function EffectiveRules({ port, network }: { port: string; network: string }) {
  const found = useQuery(rulesQuery(port));
  if (found.data === undefined) return <p className="quiet">{found.error?.message ?? "One moment…"}</p>;
  return (
    <>
      {DIRECTIONS.map(({ direction, title }) => (
        <section key={direction}>
          <h2>{title}</h2>
          <Side side={found.data[direction]} network={network} />
        </section>
      ))}
      <p className="quiet">{caveats(found.data)}</p>
    </>
  );
}

interface SideProps {
  side: PortRules["ingress"];
  network: string;
}

function Side({ side, network }: SideProps) {
  return (
    <ol className="rules">
      {side.rules.map((one) => (
        <Rule key={`${one.line.origin} ${one.line.rule_id}`} one={one} />
      ))}
      <li className="default">
        otherwise: <b>{side.default}</b>
        <small>
          {" "}
          the default of network {network}
          <By credit={side.credit} />
        </small>
        {side.matched.map((one) => (
          <small key={one.what} className="hits">
            {defaultWords(one.what)} on the network: {hitsWords(one)}
          </small>
        ))}
      </li>
    </ol>
  );
}

function Rule({ one }: { one: Effective }) {
  const { line, matched, together } = one;
  return (
    <li>
      <b className={`action ${line.action}`}>{line.action}</b> {lineWords(line)}
      <small>
        {" "}
        {line.origin === "quarantine" && "quarantine: its workload is not known yet"}
        {line.origin === "answers" && "answers of stateless "}
        {line.policy_id !== null && (
          <>
            rule {line.rule_number} of <Link href={`/policies/${line.policy_id}`}>{line.policy}</Link>, tier{" "}
            {line.tier}
          </>
        )}
        <By credit={line.credit} />
        {line.description !== "" && `: ${line.description}`}
      </small>
      {matched !== null && (
        <small className="hits">
          {hitsWords(matched)}
          {togetherWords(together)}
        </small>
      )}
    </li>
  );
}

/** Who made it so, and the way to that revision. */
export function By({ credit }: { credit: Credit | null }) {
  if (credit === null) return null;
  return (
    <>
      , by {credit.author} in <Link href={`/changes/${credit.revision}`}>revision {credit.revision}</Link>
    </>
  );
}
