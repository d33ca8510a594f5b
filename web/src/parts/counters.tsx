// What an endpoint sends and receives, beside the limits that apply to it.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Counters as Found } from "../api/client";
import { sizeWords } from "./hits";
import { CHART, measuredWords, rateWords, shape, sumWords, type Way } from "./rates";

/** As often as a host tells while somebody looks. */
const PACE_MS = 5_000;
const WAYS = [
  { way: "sent", title: "It sends" },
  { way: "received", title: "It receives" },
] as const;

export const countersQuery = (port: string) =>
  queryOptions({
    queryKey: ["counters", port],
    queryFn: () =>
      body(api.GET("/api/v1/ports/{reference}/counters", { params: { path: { reference: port } } })),
    refetchInterval: PACE_MS,
    retry: false,
  });

export function Counters({ port }: { port: string }) {
  const { data: found, error } = useQuery(countersQuery(port));
  return (
    <section>
      <h2>QoS and traffic</h2>
      {error !== null && <p className="bad">{error.message}</p>}
      {found !== undefined && (
        <>
          <p>
            <Limit limit={found.limit} /> <span className="quiet">{whoCounts(found)}</span>
          </p>
          <div className="charts">
            {WAYS.map(({ way, title }) => (
              <Chart key={way} found={found} way={way} title={title} />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

function Limit({ limit }: { limit: Found["limit"] }) {
  if (limit === null) return <>No limit.</>;
  const parts = [
    limit.sent_kbps !== null && `sends at most ${rateWords(limit.sent_kbps)}`,
    limit.received_kbps !== null && `receives at most ${rateWords(limit.received_kbps)}`,
    limit.dscp !== null && `marked DSCP ${limit.dscp}`,
  ].filter(Boolean);
  return (
    <>
      <strong>{limit.qos_policy}</strong> ({limit.of_network ? "of the network" : "its own"}):{" "}
      {parts.join(", ") || "nothing"}.
    </>
  );
}

/** What whoever reads the numbers has to know. */
function whoCounts({ host, silent, told_at, limit }: Found): string {
  if (host === null) return "It is on no host: nobody counts.";
  if (told_at === null) return `${host} has not told yet what it counts.`;
  if (silent) return `${host} has told nothing since ${new Date(told_at).toLocaleString()}.`;
  return limit?.sent_kbps == null ? "" : "What it sends is counted before the limit.";
}

interface ChartProps {
  found: Found;
  way: Way;
  title: string;
}

function Chart({ found, way, title }: ChartProps) {
  const words = measuredWords(found, way);
  const { line, area, limit, top } = shape(found, way);
  const { width, height } = CHART;
  return (
    <figure className="chart">
      <figcaption>
        <b>{title}</b> <span>{words}</span>
        <small>{sumWords(found, way, sizeWords)}</small>
      </figcaption>
      {line !== "" && (
        <>
          <small aria-hidden="true">{rateWords(top)}</small>
          <svg
            viewBox={`0 0 ${width} ${height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${title}: ${words}`}
          >
            <path className="ground" d={`M0 ${height}H${width}`} />
            <path className="area" d={area} />
            <path className="rate" d={line} />
            {limit !== null && <path className="limit" d={`M0 ${limit}H${width}`} />}
          </svg>
          <small aria-hidden="true" className="times">
            <span>5 minutes ago</span>
            {limit !== null && <span className="limit">limit</span>}
            <span>now</span>
          </small>
        </>
      )}
    </figure>
  );
}
