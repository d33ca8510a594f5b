import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { api, type Group } from "../api/client";
import { groupsQuery, portsQuery, selectedQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { Dialog, Field, TextField } from "../parts/form";
import { Icon } from "../parts/icons";
import { describing, Table } from "../parts/table";
import { PlannedDeletion, PlannedForm, type Send } from "../plans/planned";

/** Groups: who belongs to them follows from the labels. */
export default function GroupsPage() {
  const project = useProject();
  const groups = useQuery(groupsQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const [editing, setEditing] = useState<Group | "new" | null>(null);
  const [leaving, setLeaving] = useState<Group | null>(null);
  const columns: ColumnDef<Group>[] = [
    {
      header: "Group",
      accessorKey: "name",
      cell: ({ row: { original: one } }) => (
        <Link href={`/endpoints?project=${one.project}&q=group:${one.name}`}>{one.name}</Link>
      ),
    },
    {
      header: "Selector",
      accessorFn: (one) => one.selector ?? "",
      cell: (cell) => <code>{String(cell.getValue())}</code>,
    },
    { header: "Members", accessorFn: (one) => one.members.length },
    { header: "Listed by hand", accessorFn: (one) => one.listed.length },
    { header: "Project", accessorKey: "project" },
    describing,
    {
      id: "actions",
      header: "",
      enableSorting: false,
      cell: ({ row: { original: one } }) =>
        mayChange && (
          <span className="buttons">
            <button type="button" onClick={() => setEditing(one)}>
              Change<span className="hidden"> {one.name}</span>
            </button>
            <button type="button" onClick={() => setLeaving(one)}>
              Delete<span className="hidden"> {one.name}</span>
            </button>
          </span>
        ),
    },
  ];
  return (
    <>
      <h1>Groups</h1>
      {mayChange && (
        <p>
          <button type="button" className="primary" onClick={() => setEditing("new")}>
            <Icon name="plus" /> New group
          </button>
        </p>
      )}
      <Table
        caption="Groups"
        rows={groups}
        columns={columns}
        empty={
          <>
            <p>There is no group yet. Membership follows labels:</p>
            <pre>weft group create web --selector app=web</pre>
          </>
        }
      />
      {editing !== null && (
        <GroupDialog
          group={editing === "new" ? null : editing}
          project={project}
          onClose={() => setEditing(null)}
        />
      )}
      {leaving !== null && (
        <PlannedDeletion
          what={`group ${leaving.name}`}
          onClose={() => setLeaving(null)}
          send={(headers) =>
            api.DELETE("/api/v1/groups/{reference}", { params: { path: { reference: leaving.id } }, headers })
          }
        />
      )}
    </>
  );
}

interface GroupDialogProps {
  group: Group | null;
  project: string | undefined;
  onClose: () => void;
}

function GroupDialog({ group, project, onClose }: GroupDialogProps) {
  const [name, setName] = useState(group?.name ?? "");
  const [selector, setSelector] = useState(group?.selector ?? "");
  const [description, setDescription] = useState(group?.description ?? "");
  const ports = useQuery(portsQuery(group?.project ?? project)).data ?? [];
  const listed = group?.listed.map((id) => ports.find((port) => port.id === id)?.name ?? id).join(" ");
  const [members, setMembers] = useState<string | null>(null);
  const send: Send = async (headers) => {
    const said = {
      ...{ name, description, selector: selector.trim() === "" ? null : selector },
      ...(members !== null && { members: members.split(/[\s,]+/).filter((one) => one !== "") }),
    };
    if (group === null) return api.POST("/api/v1/groups", { body: { ...said, project }, headers });
    return api.PATCH("/api/v1/groups/{reference}", {
      params: { path: { reference: group.id }, header: { "if-match": `"${group.revision}"` } },
      body: said,
      headers,
    });
  };
  return (
    <Dialog title={group === null ? "New group" : `Change group ${group.name}`} onClose={onClose}>
      <PlannedForm action={group === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <Field label="Name" name="name" problem={problem}>
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <Field
              label="Selector"
              name="selector"
              problem={problem}
              hint={<Matched selector={selector} project={group?.project ?? project} />}
            >
              {(attributes) => (
                <input
                  {...attributes}
                  value={selector}
                  placeholder="app=web && !(env=dev)"
                  onChange={(event) => setSelector(event.target.value)}
                />
              )}
            </Field>
            <TextField
              label="Listed by hand"
              name="members"
              problem={problem}
              hint="Names of endpoints, beside those that the selector matches"
              value={members ?? listed ?? ""}
              onChange={setMembers}
            />
            <TextField
              label="Description"
              name="description"
              problem={problem}
              value={description}
              onChange={setDescription}
            />
          </>
        )}
      </PlannedForm>
    </Dialog>
  );
}

/** Whom a selector matches, while it is being typed: the server's own reading of it. */
function Matched({ selector, project }: { selector: string; project: string | undefined }) {
  const typed = useDeferredValue(selector.trim());
  const matched = useQuery(selectedQuery(typed, project));
  if (typed === "") return <>Like app=web && !(env=dev); what is typed is tried on your endpoints.</>;
  if (matched.error !== null) return <span className="bad">{matched.error.message}</span>;
  if (matched.data === undefined) return <>…</>;
  const names = matched.data.slice(0, 8).map((port) => port.name);
  const more = matched.data.length > names.length ? ` and ${matched.data.length - names.length} more` : "";
  return (
    <span role="status">
      {names.length === 0
        ? "matches no endpoint"
        : `matches ${matched.data.length}: ${names.join(", ")}${more}`}
    </span>
  );
}
