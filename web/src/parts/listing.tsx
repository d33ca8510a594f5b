// A list that is also changed here: a table, a button for a new one, and two for each row.

import type { ColumnDef } from "@tanstack/react-table";
import { type ReactNode, useState } from "react";
import { DeleteDialog } from "./form";
import { Icon } from "./icons";
import { Table } from "./table";

interface ListingProps<T> {
  title: string;
  /** What one of them is called, as in: New token. */
  noun: string;
  /** What they are for, in a sentence. */
  intro?: ReactNode;
  rows: T[];
  columns: ColumnDef<T>[];
  nameOf: (one: T) => string;
  mayChange: boolean;
  empty: ReactNode;
  /** The dialog that makes one, or changes `one`. */
  dialog: (one: T | null, onClose: () => void) => ReactNode;
  /** Whether one that exists can be changed; by default it can. */
  changeable?: boolean;
  /** What Delete is called where nothing is deleted, and what it does. */
  deletion?: { verb: string; warning: string };
  remove: (one: T) => Promise<unknown>;
}

export function Listing<T>(props: ListingProps<T>) {
  const { title, noun, intro, rows, nameOf, mayChange, empty, dialog, changeable = true, remove } = props;
  const { verb, warning } = props.deletion ?? { verb: "Delete", warning: undefined };
  const [editing, setEditing] = useState<T | "new" | null>(null);
  const [leaving, setLeaving] = useState<T | null>(null);
  const actions: ColumnDef<T> = {
    id: "actions",
    header: "",
    enableSorting: false,
    cell: ({ row: { original: one } }) => (
      <span className="buttons">
        {changeable && (
          <button type="button" onClick={() => setEditing(() => one)}>
            Change<span className="hidden"> {nameOf(one)}</span>
          </button>
        )}
        <button type="button" onClick={() => setLeaving(() => one)}>
          {verb}
          <span className="hidden"> {nameOf(one)}</span>
        </button>
      </span>
    ),
  };
  return (
    <>
      <h1>{title}</h1>
      {intro && <p>{intro}</p>}
      {mayChange && (
        <p>
          <button type="button" className="primary" onClick={() => setEditing("new")}>
            <Icon name="plus" /> New {noun}
          </button>
        </p>
      )}
      <Table
        caption={title}
        rows={rows}
        columns={mayChange ? [...props.columns, actions] : props.columns}
        empty={empty}
      />
      {editing !== null && dialog(editing === "new" ? null : editing, () => setEditing(null))}
      {leaving !== null && (
        <DeleteDialog
          what={`${noun} ${nameOf(leaving)}`}
          verb={verb}
          warning={warning}
          onClose={() => setLeaving(null)}
          send={() => remove(leaving)}
        />
      )}
    </>
  );
}
