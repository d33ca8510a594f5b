import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { Link, useSearchParams } from "wouter";
import type { Port } from "../api/client";
import { portsQuery } from "../api/queries";
import { useProject } from "../app";
import { matches, PortFilter } from "../parts/filter";
import { addressesOf, Kind, State } from "../parts/state";
import { Table } from "../parts/table";

export const portColumns: ColumnDef<Port>[] = [
  {
    header: "Endpoint (port)",
    accessorKey: "name",
    cell: ({ row }) => <Link href={`/endpoints/${row.original.id}`}>{row.original.name}</Link>,
  },
  { header: "Kind", accessorKey: "kind", cell: ({ row }) => <Kind kind={row.original.kind} /> },
  { header: "Address", accessorFn: addressesOf, cell: ({ row }) => <code>{addressesOf(row.original)}</code> },
  { header: "Network", accessorKey: "network" },
  { header: "Project", accessorKey: "project" },
  { header: "Host", accessorFn: (port) => port.host ?? "" },
  {
    header: "State",
    accessorFn: (port) => port.status.state,
    cell: ({ row }) => <State port={row.original} />,
  },
  { header: "Groups", accessorFn: (port) => port.groups.join(", ") },
];

/** Every port in a table, by the same filter as the map. */
export function EndpointsPage() {
  const project = useProject();
  const ports = useQuery(portsQuery(project));
  const [search] = useSearchParams();
  const words = search.get("q") ?? "";
  const found = useMemo(() => (ports.data ?? []).filter((port) => matches(port, words)), [ports.data, words]);
  return (
    <>
      <h1>Endpoints (ports)</h1>
      <PortFilter />
      {ports.isPending ? (
        <p className="quiet">One moment…</p>
      ) : (
        <Table
          caption="Endpoints"
          rows={found}
          columns={portColumns}
          empty={
            words === "" ? (
              <>
                <p>There is no endpoint yet. Start a container on a network:</p>
                <pre>docker run -d --net DockerSN IMAGE</pre>
              </>
            ) : (
              <p>No endpoint matches “{words}”.</p>
            )
          }
        />
      )}
    </>
  );
}
