// Where everything stands on the map. Pure: the same ports give the same places, so updates do not make it jump.

import type { Edge } from "@xyflow/react";
import type { Network, Port, Router } from "../../api/client";
import { type Block, flow, moved, stacked } from "./blocks";
import { type Box, drawn, hostBoxes, networkBoxes, type PortsOn } from "./boxes";
import type { Grouping, MapNode } from "./kinds";
import { edge, onward, onwardBlocks, outsideBlock, waysEdges } from "./outside";
import type { Partners } from "./partners";

/** From how many ports on the boxes fold to counts. */
export const MANY = 200;

const ROUTER = { width: 180, height: 50 };
const FRAME = { padding: 18, header: 44 };
const GAP = { box: 20, router: 36, region: 28, outside: 34 };
/** On a narrow screen a row holds one box. Else it begins anew at one of these widths. */
const NARROW = 320;
const WIDTHS = [760, 1000, 1250, 1500, 1800, 2200];

/** The room that a map has, in pixels. */
export interface Room {
  width: number;
  height: number;
  narrow: boolean;
}

/** The width of rows with which the whole map is drawn largest. */
export function bestWidth(model: Drawn, by: Grouping, unfolded: ReadonlySet<string>, room: Room): number {
  if (room.narrow) return NARROW;
  const scale = (limit: number) => {
    const { width, height } = layout(model, by, unfolded, limit);
    return Math.min(room.width / width, room.height / height);
  };
  const scales = WIDTHS.map(scale);
  const enough = 0.98 * Math.max(...scales);
  return WIDTHS[scales.findIndex((one) => one >= enough)] ?? NARROW;
}

/** What a map is drawn from. */
export interface Drawn {
  ports: Port[];
  networks: Network[];
  routers: Router[];
}

export interface Laid {
  nodes: MapNode[];
  edges: Edge[];
  width: number;
  height: number;
}

/** The nodes of the map and the ways between them; `unfolded` are the boxes that a person has opened. */
export function layout(model: Drawn, by: Grouping, unfolded: ReadonlySet<string>, limit = 1500): Laid {
  const fold = model.ports.length > MANY;
  const draw = (box: Box) =>
    drawn(box, { folded: fold && box.ports.length > 0 && !unfolded.has(box.id), narrow: limit === NARROW });
  if (by === "host") return { ...flow(hostBoxes(model.ports).map(draw), limit, GAP.box), edges: [] };
  const on = Map.groupBy(model.ports, (port) => port.network_id);
  const beyond = onward(model.networks, on);
  const inner = model.networks.filter((network) => !beyond.includes(network));
  const projects = new Set([...inner, ...model.routers].map((one) => one.project));
  const regions = [...projects].sort().map((project) => {
    const own = {
      networks: inner.filter((network) => network.project === project),
      routers: model.routers.filter((router) => router.project === project),
    };
    const block = region(own, on, draw, limit - 2 * FRAME.padding);
    return projects.size > 1 ? framed(project, block) : block;
  });
  const whole = stacked(
    [
      outsideBlock(model),
      flow(onwardBlocks(beyond), limit, GAP.box),
      flow(regions, limit + 2 * FRAME.padding, GAP.region),
    ],
    GAP.outside,
  );
  return { ...whole, edges: [...waysEdges(model), ...model.routers.flatMap(links)] };
}

/** The networks of a project: those of each router below it, and those of none beside them. */
function region(
  { networks, routers }: Pick<Drawn, "networks" | "routers">,
  on: PortsOn,
  draw: (box: Box) => Block,
  limit: number,
): Block {
  const placed = new Set<string>();
  const blocks: Block[] = [];
  for (const router of [...routers].sort((a, b) => a.name.localeCompare(b.name))) {
    const joined = new Set(router.networks.map((network) => network.id));
    const mine = networks.filter((network) => joined.has(network.id) && !placed.has(network.id));
    for (const network of mine) placed.add(network.id);
    const below = flow(networkBoxes(mine, on).map(draw), limit, GAP.box);
    blocks.push(stacked([routerBlock(router), below], GAP.router));
  }
  const others = networks.filter((network) => !placed.has(network.id));
  blocks.push(...networkBoxes(others, on).map(draw));
  return flow(blocks, limit, GAP.box);
}

/** `block` in a frame that says whose it is. */
function framed(project: string, block: Block): Block {
  const width = block.width + 2 * FRAME.padding;
  const height = block.height + FRAME.header + FRAME.padding;
  const frame: MapNode = {
    id: `project:${project}`,
    type: "region",
    position: { x: 0, y: 0 },
    width,
    height,
    data: { title: project },
    draggable: false,
    selectable: false,
    focusable: false,
    zIndex: -1,
    ariaLabel: `project ${project}`,
  };
  return { width, height, nodes: [frame, ...moved(block.nodes, FRAME.padding, FRAME.header)] };
}

function routerBlock(router: Router): Block {
  const node: MapNode = {
    id: router.id,
    type: "router",
    position: { x: 0, y: 0 },
    ...ROUTER,
    data: { router },
    draggable: false,
    selectable: false,
    ariaLabel: `router ${router.name}, joins ${router.networks.map((network) => network.name).join(" and ")}`,
  };
  return { ...ROUTER, nodes: [node] };
}

const links = (router: Router): Edge[] => router.networks.map((network) => edge(router.id, network.id));

/** `nodes` with what is selected, and whom that reaches or is reached by, in their looks and in their words. */
export function marked(nodes: MapNode[], selected: ReadonlySet<string>, partners: Partners): MapNode[] {
  return nodes.map((node) => {
    if (node.type === "box" && node.data.folded && partners !== undefined) {
      return { ...node, data: { ...node.data, partners } };
    }
    if (node.type !== "endpoint") return node;
    const partner = selected.has(node.id) ? undefined : partners?.get(node.id);
    if (partner === undefined && !selected.has(node.id)) return node;
    const ariaLabel = partner === undefined ? node.ariaLabel : `${node.ariaLabel}, ${partner}`;
    return { ...node, selected: selected.has(node.id), data: { ...node.data, partner }, ariaLabel };
  });
}
