// A table that sorts, and draws only the rows on the screen when there are many.

import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";

interface TableProps<T> {
  caption: string;
  rows: T[];
  columns: ColumnDef<T>[];
  /** What a person does first when there is nothing yet. */
  empty: ReactNode;
}

/** The column of what people wrote: it may be long. */
export const describing = {
  header: "Description",
  accessorKey: "description",
  cell: (cell: { getValue: () => unknown }) => <span className="wrap">{String(cell.getValue())}</span>,
};

const ROW_HEIGHT = 38;
/** From how many rows on only the visible ones are in the document. */
const MANY = 200;

export function Table<T>({ caption, rows, columns, empty }: TableProps<T>) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const frame = useRef<HTMLDivElement>(null);
  // A row keeps what its columns said of it: where they say something else now, the rows are begun anew.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the columns that make them stale
  const data = useMemo(() => [...rows], [rows, columns]);
  const table = useReactTable({
    data,
    columns,
    state: { sorting },
    autoResetPageIndex: false,
    onSortingChange: setSorting,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    enabled: sorted.length > MANY,
  });
  if (rows.length === 0) return <div className="empty">{empty}</div>;
  const few = sorted.length <= MANY;
  const items = virtual.getVirtualItems();
  const shown = few ? sorted : items.map((item) => sorted[item.index]).filter((row) => row !== undefined);
  const before = few ? 0 : (items[0]?.start ?? 0);
  const after = few ? 0 : virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="table" ref={frame} tabIndex={0} aria-label={caption}>
      <table aria-rowcount={sorted.length + 1}>
        <caption>
          {caption} ({rows.length})
        </caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <th
                  key={header.id}
                  scope="col"
                  aria-sort={
                    { asc: "ascending" as const, desc: "descending" as const }[
                      String(header.column.getIsSorted())
                    ]
                  }
                >
                  {header.column.getCanSort() ? (
                    <button type="button" className="plain" onClick={header.column.getToggleSortingHandler()}>
                      {flexRender(header.column.columnDef.header, header.getContext())}
                    </button>
                  ) : (
                    flexRender(header.column.columnDef.header, header.getContext())
                  )}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {before > 0 && <Gap height={before} columns={columns.length} />}
          {shown.map((row) => (
            <tr key={row.id}>
              {row.getVisibleCells().map((cell) => (
                <td key={cell.id} className={cell.column.id === "actions" ? "actions" : undefined}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <Gap height={after} columns={columns.length} />}
        </tbody>
      </table>
    </section>
  );
}

function Gap({ height, columns }: { height: number; columns: number }) {
  return (
    <tr>
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}
