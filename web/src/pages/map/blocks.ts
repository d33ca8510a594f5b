// Rectangles that are put beside and below each other. Pure.

import type { MapNode } from "./kinds";

/** Nodes that keep their places to each other, and the room that they need. */
export interface Block {
  width: number;
  height: number;
  nodes: MapNode[];
}

/** `nodes`, moved; those inside of another move with it. */
export function moved(nodes: MapNode[], x: number, y: number): MapNode[] {
  return nodes.map((node) =>
    node.parentId === undefined
      ? { ...node, position: { x: node.position.x + x, y: node.position.y + y } }
      : node,
  );
}

/** `blocks` from left to right, and in the next row where one would reach beyond `limit`. */
export function flow(blocks: Block[], limit: number, gap: number): Block {
  const nodes: MapNode[] = [];
  let [x, y, row, width] = [0, 0, 0, 0];
  for (const block of blocks) {
    if (x > 0 && x + block.width > limit) {
      y += row + gap;
      x = row = 0;
    }
    nodes.push(...moved(block.nodes, x, y));
    width = Math.max(width, x + block.width);
    row = Math.max(row, block.height);
    x += block.width + gap;
  }
  return { nodes, width, height: y + row };
}

/** `blocks` below each other, the middle of each below the middle of the one before. */
export function stacked(blocks: Block[], gap: number): Block {
  const filled = blocks.filter((block) => block.nodes.length > 0);
  const width = Math.max(0, ...filled.map((block) => block.width));
  const nodes: MapNode[] = [];
  let y = 0;
  for (const block of filled) {
    nodes.push(...moved(block.nodes, (width - block.width) / 2, y));
    y += block.height + gap;
  }
  return { nodes, width, height: Math.max(0, y - gap) };
}
