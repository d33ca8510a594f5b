import { useInfiniteQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { api, body, type Change } from "../api/client";
import { useNewsHere } from "../app";
import { ReceiptLine } from "../parts/receipt";
import { Table } from "../parts/table";

const WORDS: Record<string, string> = { create: "made", change: "changed", remove: "removed" };

/** Who changed what, newest first, and what became of it. */
export function ChangesPage() {
  const news = useNewsHere();
  const [picked, setPicked] = useState<number | null>(null);
  const log = useInfiniteQuery({
    queryKey: ["changes"],
    queryFn: ({ pageParam }) =>
      body(
        api.GET("/api/v1/changes", {
          params: { query: { since: pageParam } },
          headers: { Accept: "application/json" },
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.items.length === 0 ? undefined : page.revision),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = log;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const known = log.data?.pages.flatMap((page) => page.items) ?? [];
  const newest = known.at(-1)?.revision ?? 0;
  const rows = [...known.reverse()];
  rows.unshift(...news.changes.filter((change) => change.revision > newest));
  const columns: ColumnDef<Change>[] = [
    {
      header: "Revision",
      accessorKey: "revision",
      cell: ({ row }) => (
        <button type="button" className="plain" onClick={() => setPicked(row.original.revision)}>
          {row.original.revision}
        </button>
      ),
    },
    { header: "When", accessorFn: (change) => new Date(change.at).toLocaleString() },
    { header: "Who", accessorKey: "author" },
    { header: "Did", accessorFn: (change) => WORDS[change.action] ?? change.action },
    { header: "What", accessorKey: "kind" },
    {
      header: "Name",
      accessorKey: "name",
      cell: ({ row: { original: one } }) =>
        one.kind === "ports" && one.action !== "remove" ? (
          <Link href={`/endpoints/${one.id}`}>{one.name}</Link>
        ) : (
          one.name
        ),
    },
  ];
  return (
    <>
      <h1>Changes</h1>
      {picked !== null && (
        <p>
          <ReceiptLine revision={picked} />
        </p>
      )}
      <Table caption="Changes" rows={rows} columns={columns} empty={<p>Nothing has been declared yet.</p>} />
    </>
  );
}
