// The table beside the map.

import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import type { Port } from "../../api/client";
import { Kind, State } from "../../parts/state";
import { Table } from "../../parts/table";

/** The endpoints beside the map: where there are many, a list finds one sooner than a picture. */
export function Beside({ ports, onPick }: { ports: Port[]; onPick: (id: string) => void }) {
  const columns = useMemo<ColumnDef<Port>[]>(
    () => [
      {
        header: "Endpoint",
        accessorKey: "name",
        cell: ({ row: { original: port } }) => (
          <button type="button" className="plain link" onClick={() => onPick(port.id)}>
            {port.name}
          </button>
        ),
      },
      { header: "Kind", accessorKey: "kind", cell: ({ row }) => <Kind kind={row.original.kind} /> },
      {
        header: "State",
        accessorFn: (port) => port.status.state,
        cell: ({ row }) => <State port={row.original} />,
      },
    ],
    [onPick],
  );
  return (
    <div className="beside">
      <Table caption="Endpoints on the map" rows={ports} columns={columns} empty={null} />
    </div>
  );
}
