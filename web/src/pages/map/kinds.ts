// What stands on the map.

import type { Node } from "@xyflow/react";
import type { Port, Router } from "../../api/client";
import type { Partner, Partners } from "./partners";

export type Grouping = "network" | "host";

export interface BoxData extends Record<string, unknown> {
  id: string;
  title: string;
  subtitle: string;
  ports: Port[];
  folded: boolean;
  bare: boolean;
  /** How those inside and what is selected reach each other. */
  partners?: Partners;
}
export interface EndpointData extends Record<string, unknown> {
  port: Port;
  partner?: Partner | undefined;
}
export type BoxNode = Node<BoxData, "box">;
export type EndpointNode = Node<EndpointData, "endpoint">;
export interface RouterData extends Record<string, unknown> {
  router: Router;
}
export type RouterNode = Node<RouterData, "router">;
export interface OutsideData extends Record<string, unknown> {
  /** By what ways it is reached, and reaches in: a line each. */
  ways: string[];
}
export type OutsideNode = Node<OutsideData, "outside">;
/** A frame around what is of one project. */
export type RegionNode = Node<{ title: string }, "region">;
export type MapNode = BoxNode | EndpointNode | RouterNode | OutsideNode | RegionNode;
