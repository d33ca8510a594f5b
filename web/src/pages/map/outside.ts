// What is beyond all networks, and the ways there. Pure.

import type { Edge } from "@xyflow/react";
import type { Network, Port } from "../../api/client";
import type { Block } from "./blocks";
import { drawn, networkBoxes, type PortsOn } from "./boxes";
import type { Drawn } from "./layout";

/** The id of what is beyond all networks. */
export const OUTSIDE = "outside";

const SIZE = { width: 260, height: 72 };

/** The outside; nothing where nothing leads there. */
export function outsideBlock(model: Drawn): Block {
  const ways = waysOut(model);
  if (ways.length === 0) return { width: 0, height: 0, nodes: [] };
  const node = {
    id: OUTSIDE,
    type: "outside" as const,
    position: { x: 0, y: 0 },
    ...SIZE,
    data: { ways },
    draggable: false,
    selectable: false,
    ariaLabel: `the outside: ${ways.join("; ")}`,
  };
  return { ...SIZE, nodes: [node] };
}

/** Networks that only lead on: nothing is plugged there. */
export const onward = (networks: Network[], on: PortsOn): Network[] =>
  networks.filter((network) => network.physical_network !== null && !on.has(network.id));

/** `networks` that lead on, each a box. */
export const onwardBlocks = (networks: Network[]): Block[] =>
  networkBoxes(networks, new Map()).map((box) => drawn(box, { bare: true }));

function waysOut({ ports, networks, routers }: Drawn): string[] {
  const published = publishing(ports);
  return [
    ...routers
      .filter((router) => router.gateway !== null)
      .map((router) => `router ${router.name} goes out by ${router.gateway?.network}`),
    ...networks
      .filter((network) => network.physical_network !== null)
      .map((network) => `network ${network.name} goes on as ${network.physical_network?.name}`),
    ...networks
      .filter((network) => published.has(network.id))
      .map((network) => `${countWords(published.get(network.id))} on ${network.name}`),
  ];
}

/** From the outside to networks that lead on, and from these to the routers that go out by them. */
export function waysEdges({ ports, networks, routers }: Drawn): Edge[] {
  const outer = new Set(networks.filter((one) => one.physical_network !== null).map((one) => one.id));
  const out = routers.filter((router) => router.gateway !== null);
  const routed = new Set(out.flatMap((router) => router.networks.map((network) => network.id)));
  const published = [...publishing(ports).keys()].filter((id) => !routed.has(id));
  const first = [...outer, ...published.filter((id) => networks.some((one) => one.id === id))];
  return [
    ...first.map((id) => edge(OUTSIDE, id)),
    ...out.map((router) => {
      const by = router.gateway?.network_id ?? "";
      return edge(outer.has(by) ? by : OUTSIDE, router.id);
    }),
  ];
}

const publishing = (ports: Port[]) =>
  Map.groupBy(
    ports.filter((port) => port.published.length > 0),
    (port) => port.network_id,
  );

const countWords = (ports: Port[] = []) =>
  `${ports.length} ${ports.length === 1 ? "endpoint" : "endpoints"} published`;

/** A way between two that stand on the map. */
export const edge = (source: string, target: string): Edge => ({
  id: `${source}-${target}`,
  source,
  target,
  focusable: false,
});
