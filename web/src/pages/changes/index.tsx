import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { Link, useSearchParams } from "wouter";
import { api, body, type RevisionListed } from "../../api/client";
import { useProject } from "../../app";
import { Icon } from "../../parts/icons";
import { Table } from "../../parts/table";
import { changesTold, noun } from "../../plans/words";

const KINDS = [
  ...["policies", "groups", "address-groups", "networks", "subnets", "routers", "ports"],
  ...["qos-policies", "attach-rules", "invariants", "hosts", "projects"],
];

interface Asked {
  project: string | undefined;
  author: string | undefined;
  kind: string | undefined;
  object: string | undefined;
  before: number | undefined;
}

const revisionsQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["revisions", asked],
    queryFn: () => body(api.GET("/api/v1/revisions", { params: { query: asked } })),
    placeholderData: keepPreviousData,
    retry: false,
  });

/** Who changed what and when, newest first. What is looked for, and how far back, is in the address. */
export default function ChangesPage() {
  const [search] = useSearchParams();
  const given = (key: string) => search.get(key) ?? undefined;
  const before = Number(given("before"));
  const asked = {
    project: useProject(),
    author: given("author"),
    kind: given("kind"),
    object: given("object"),
    before: before > 0 ? before : undefined,
  };
  const found = useQuery(revisionsQuery(asked));
  const { items = [], next_before, kept_from } = found.data ?? {};
  const filtered = [asked.author, asked.kind, asked.object, asked.project].some((one) => one !== undefined);
  return (
    <>
      <h1>Changes</h1>
      <Filters />
      {found.error !== null && (
        <p className="bad" role="alert">
          {found.error.message}
        </p>
      )}
      {found.isSuccess && (
        <Table
          caption="Revisions, newest first"
          rows={items}
          columns={COLUMNS}
          empty={
            <p>{filtered ? "No revision that is kept is like that." : "Nothing has been declared yet."}</p>
          }
        />
      )}
      <p className="pager">
        {asked.before !== undefined && <Link href={kept(search, "before", "")}>The newest</Link>}
        {typeof next_before === "number" && (
          <Link href={kept(search, "before", String(next_before))}>Older than revision {next_before}</Link>
        )}
        {next_before === null && kept_from != null && (
          <span className="quiet">
            The history begins with revision {kept_from.revision} of {new Date(kept_from.at).toLocaleString()}
            .
          </span>
        )}
      </p>
    </>
  );
}

/** The address of this page with one thing asked otherwise. */
function kept(search: URLSearchParams, key: string, value: string): string {
  const next = new URLSearchParams(search);
  if (value === "") next.delete(key);
  else next.set(key, value);
  return `/changes?${next}`;
}

function Filters() {
  const [search, setSearch] = useSearchParams();
  const put = (key: string, value: string) =>
    setSearch((old) => {
      const next = new URLSearchParams(old);
      next.delete("before");
      if (value === "") next.delete(key);
      else next.set(key, value);
      return next;
    });
  const author = search.get("author") ?? "";
  const object = search.get("object");
  return (
    <form
      className="tools filters"
      onSubmit={(event) => {
        event.preventDefault();
        put("author", String(new FormData(event.currentTarget).get("author") ?? "").trim());
      }}
    >
      <label>
        What{" "}
        <select value={search.get("kind") ?? ""} onChange={(event) => put("kind", event.target.value)}>
          <option value="">anything</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {noun(kind, 2)}
            </option>
          ))}
        </select>
      </label>
      <label>
        By <input key={author} name="author" defaultValue={author} placeholder="anybody" size={14} />
      </label>
      <button type="submit">
        <Icon name="search" /> Look
      </button>
      {object !== null && (
        <span>
          of one object alone{" "}
          <button type="button" onClick={() => put("object", "")}>
            of all
          </button>
        </span>
      )}
    </form>
  );
}

const COLUMNS: ColumnDef<RevisionListed>[] = [
  {
    header: "Revision",
    accessorFn: (one) => one.moment.revision,
    cell: ({ row: { original: one } }) => (
      <Link href={`/changes/${one.moment.revision}`}>{one.moment.revision}</Link>
    ),
  },
  {
    header: "What",
    accessorFn: (one) => changesTold(one.changes, one.count),
    cell: (cell) => <span className="wrap">{String(cell.getValue())}</span>,
  },
  {
    header: "Who",
    accessorFn: (one) => one.moment.author,
    cell: ({ row: { original: one } }) => (
      <Link href={`/changes?author=${encodeURIComponent(one.moment.author)}`}>{one.moment.author}</Link>
    ),
  },
  {
    header: "When",
    accessorFn: (one) => one.moment.at,
    cell: ({ row: { original: one } }) => new Date(one.moment.at).toLocaleString(),
  },
];
