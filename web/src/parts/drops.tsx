// What was dropped lately of what an endpoint sent or should have got, and the rule that did it.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, body, type Drop, type Drops as Found } from "../api/client";

/** Hosts tell as it happens, and without news: so often it is asked again. */
const PACE_MS = 5_000;
const LISTED = 20;

export const dropsQuery = (port: string) =>
  queryOptions({
    queryKey: ["drops", port],
    queryFn: () => body(api.GET("/api/v1/drops", { params: { query: { port, limit: LISTED } } })),
    refetchInterval: PACE_MS,
    retry: false,
  });

export function Drops({ port }: { port: string }) {
  const found = useQuery(dropsQuery(port));
  const items = (found.data?.items ?? []).filter((drop) => drop.verdict !== "allow" && !drop.estimate);
  return (
    <section>
      <h2>Recent drops</h2>
      {found.error !== null && <p className="bad">{found.error.message}</p>}
      <ul className="drops">
        {items.map((drop) => (
          <li key={drop.number}>
            <b className={`action ${drop.verdict}`}>{drop.verdict === "drop" ? "dropped" : "rejected"}</b>{" "}
            {packetsWords(drop)} <Decided drop={drop} />
          </li>
        ))}
      </ul>
      {found.data !== undefined && <p className="quiet">{missingWords(found.data, items.length)}</p>}
    </section>
  );
}

/** By which rule, or that none allowed it. */
function Decided({ drop: { by, rule, network, last_at, host } }: { drop: Drop }) {
  return (
    <small>
      {rule === null ? (
        deciderWords(by, network)
      ) : (
        <>
          by rule {rule.index} of{" "}
          <Link href={`/policies/${rule.policy_id}?rule=${rule.rule_id}`}>{rule.policy}</Link>, tier{" "}
          {rule.tier}
          {rule.together.length > 1 && " (or one that is like it)"}
        </>
      )}
      , on {host}, last {new Date(last_at).toLocaleString()}
    </small>
  );
}

/** Who decided without a rule. */
export function deciderWords(by: Drop["by"], network: string | null): string {
  if (by === "quarantine") return `by quarantine on network ${network}, for its workload was not known yet`;
  if (by === "anti-spoofing") return "by anti-spoofing, for their address was not the endpoint's own";
  return `by the default of network ${network}`;
}

/** As in: 3 packets of tcp/80 from web-1 (10.0.0.2) to db-1 (10.0.0.3). */
export function packetsWords(drop: Drop): string {
  // What would have been dropped passed, and is known by its connections.
  const what = drop.verdict === "would-drop" || drop.verdict === "would-reject" ? "connection" : "packet";
  const count = `${drop.at_least ? "at least " : ""}${drop.count} ${what}${drop.count === 1 ? "" : "s"}`;
  if (drop.by === "anti-spoofing") return `${count} from ${drop.source.port}`;
  const end = ({ address, port }: Drop["source"]) => (port === null ? address : `${port} (${address})`);
  return `${count} of ${trafficWords(drop)} from ${end(drop.source)} to ${end(drop.destination)}`;
}

function trafficWords({ protocol, ip_protocol, destination_port, icmp_type }: Drop): string {
  if (protocol === null) return ip_protocol === null ? "IP" : `IP protocol ${ip_protocol}`;
  const what = destination_port ?? icmp_type;
  return what === null ? protocol : `${protocol}/${what}`;
}

/** What is not listed, and from when on anything is known: nothing seen is not nothing dropped. */
export function missingWords(found: Found, listed: number): string {
  const since = new Date(found.since).toLocaleString();
  return [
    `${listed === 0 ? "None" : "All"} that rules told of since ${since}.`,
    absentWords(found, found.unwatched),
  ]
    .filter((one) => one !== "")
    .join(" ");
}

/** What is known to be missing; nothing where nothing is. Anti-spoofing is not told on `unwatched` hosts. */
export function absentWords({ silent, gaps, unlogged, forgotten }: Found, unwatched: string[] = []): string {
  const missing = [
    silent.length > 0 && `what ${silent.join(", ")} dropped, which have not told lately`,
    unwatched.length > 0 && `what anti-spoofing dropped on ${unwatched.join(", ")}`,
    gaps.length > 0 && `parts of the logs of ${gaps.join(", ")}`,
    unlogged > 0 && `${unlogged} packets that were too many to be logged`,
    forgotten > 0 && `${forgotten} older entries`,
  ].filter((one) => one !== false);
  return missing.length === 0 ? "" : `Missing: ${missing.join("; ")}.`;
}
