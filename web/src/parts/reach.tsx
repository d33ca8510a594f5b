// Who may reach it, and whom it may reach, on which services: asked of the verifier, anew when anything changes.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body } from "../api/client";

/** A port or a group, by id. */
export type Side = { port: string } | { group: string };

const DIRECTIONS = [
  { end: "source", title: "It may reach", none: "Nobody." },
  { end: "destination", title: "It may be reached", none: "By nobody." },
] as const;

/** All that `side` may send, or be sent; with the ids of everybody at the other end. */
export const reachQuery = (end: "source" | "destination", side: Side, project: string) =>
  queryOptions({
    queryKey: ["reach", end, side, project],
    queryFn: () => body(api.POST("/api/v1/reach", { body: { project, [end]: side, partners: true } })),
    retry: false,
  });

export function Reach({ side, project }: { side: Side; project: string }) {
  return (
    <section className="reach">
      {DIRECTIONS.map((direction) => (
        <OneWay key={direction.end} direction={direction} side={side} project={project} />
      ))}
    </section>
  );
}

interface OneWayProps {
  direction: (typeof DIRECTIONS)[number];
  side: Side;
  project: string;
}

function OneWay({ direction: { end, title, none }, side, project }: OneWayProps) {
  const found = useQuery(reachQuery(end, side, project));
  return (
    <>
      <h3>{title}</h3>
      {found.error !== null && <p className="bad">{found.error.message}</p>}
      {found.isPending && <p className="quiet">One moment…</p>}
      {found.data?.sentences.length === 0 && <p className="quiet">{none}</p>}
      <ul>
        {found.data?.sentences.map((sentence) => (
          <li key={sentence}>{sentence.replace(/^reach /, "")}</li>
        ))}
      </ul>
      {(found.data?.left_out ?? 0) > 0 && (
        <p className="quiet">and {found.data?.left_out} more kinds of traffic</p>
      )}
    </>
  );
}
